//! The types of a collection's rows.

use annex_openapi::collections::{Field, FieldType};
use serde_json::{Map, Value, json};

use super::names::{Names, pascal};
use crate::collections::catalogue::{Filled, Snapshot, Table};

/// What stands after a row's name in the names of its types.
pub(super) const PARTS: [&str; 6] = ["", "Create", "Update", "Replace", "Page", "Expand"];

/// Who reads the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    /// Whether hidden fields exist for them, and system fields can be written.
    pub(super) admin: bool,
}

impl Reader {
    fn sees(self, field: &Field) -> bool {
        self.admin || !field.hidden
    }

    fn writes(self, field: &Field) -> bool {
        self.sees(field) && !field.read_only && (self.admin || !field.system)
    }

    /// The fields that the reader may read, with the indexes of their columns.
    pub(super) fn fields(self, table: &Table) -> impl Iterator<Item = (usize, &Field)> {
        table.collection.fields.iter().enumerate().filter(move |(_, field)| self.sees(field))
    }
}

/// A relation that `expand` can follow.
pub(super) struct Relation<'a> {
    pub(super) name: &'a str,
    target: &'a str,
    many: bool,
}

impl Relation<'_> {
    /// Whether its rows are of that collection.
    pub(super) fn leads_to(&self, collection: &str) -> bool {
        self.target == collection
    }
}

/// The relations of a table that the reader may follow.
pub(super) fn relations<'a>(snapshot: &'a Snapshot, table: &'a Table, reader: Reader) -> Vec<Relation<'a>> {
    let fields = reader.fields(table).filter_map(|(index, field)| {
        let target = snapshot.table(field.collection.as_deref()?)?;
        table.references[index]?;
        Some(Relation { name: &field.name, target: &target.collection.name, many: false })
    });
    let incoming = table.incoming.iter().filter_map(|incoming| {
        let target = snapshot.served(&incoming.collection)?;
        reader.sees(&target.collection.fields[incoming.column]).then_some(Relation {
            name: &incoming.name,
            target: &incoming.collection,
            many: true,
        })
    });
    let mut relations: Vec<Relation<'a>> = fields.collect();
    for relation in incoming {
        // As in a request: a field of that name comes first.
        if !relations.iter().any(|known| known.name == relation.name) {
            relations.push(relation);
        }
    }
    relations
}

/// Makes the types of one table.
pub(super) struct Types<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) table: &'a Table,
    pub(super) reader: Reader,
    /// The name of the row.
    pub(super) name: &'a str,
}

impl Types<'_> {
    /// Adds them to `schemas`; `row_name` has the name of every collection's row.
    pub(super) fn add(
        &self,
        schemas: &mut Map<String, Value>,
        names: &mut Names,
        row_name: impl Fn(&str) -> Option<String>,
    ) {
        let mut values: Vec<(usize, Value)> = Vec::new();
        for (index, field) in self.reader.fields(self.table) {
            let enumeration = (field.value_type() == FieldType::Enum).then(|| {
                let name = names.schema(&format!("{}{}", self.name, pascal(&field.name)));
                let values = field.values.as_deref().unwrap_or_default();
                let description = format!("The values of `{}` of `{}`.", field.name, self.collection());
                schemas.insert(
                    name.clone(),
                    json!({"type": "string", "description": description, "enum": values}),
                );
                name
            });
            values.push((index, value(field, enumeration.as_deref())));
        }
        self.add_row(schemas, &values, row_name);
        if self.table.served {
            self.add_page(schemas);
        }
        if self.table.served && self.table.writable {
            self.add_writes(schemas, &values);
        }
    }

    fn collection(&self) -> &str {
        &self.table.collection.name
    }

    fn add_row(
        &self,
        schemas: &mut Map<String, Value>,
        values: &[(usize, Value)],
        row_name: impl Fn(&str) -> Option<String>,
    ) {
        let mut properties = Map::new();
        for (index, value) in values {
            let field = &self.table.collection.fields[*index];
            properties.insert(field.name.clone(), nullable(value.clone(), !field.required));
        }
        let mut expands = Map::new();
        for relation in relations(self.snapshot, self.table, self.reader) {
            let Some(row) = row_name(relation.target) else { continue };
            let row = json!({"$ref": format!("#/components/schemas/{row}")});
            let found = if relation.many {
                let description = format!("The rows of `{}` that point here, at most 100.", relation.target);
                json!({"type": "array", "items": row, "maxItems": 100, "description": description})
            } else {
                json!({"anyOf": [row, {"type": "null"}],
                    "description": format!("The row of `{}`; null where there is none that the caller may read.", relation.target)})
            };
            expands.insert(relation.name.to_owned(), found);
        }
        if !expands.is_empty() {
            // A field of that name has the place; the relations are then to be had by lists of their own.
            let name = format!("{}Expand", self.name);
            if !properties.contains_key("expand") {
                properties
                    .insert("expand".to_owned(), json!({"$ref": format!("#/components/schemas/{name}")}));
            }
            schemas.insert(
                name,
                json!({
                    "type": "object",
                    "description": format!("The relations of a row of `{}` that `expand` named.", self.collection()),
                    "properties": expands,
                }),
            );
        }
        schemas.insert(
            self.name.to_owned(),
            json!({
                "type": "object",
                "description": format!("A row of `{}`; with `fields`, only the fields that it named.", self.collection()),
                "properties": properties,
            }),
        );
    }

    fn add_page(&self, schemas: &mut Map<String, Value>) {
        schemas.insert(
            format!("{}Page", self.name),
            json!({
                "type": "object",
                "description": format!("A page of the rows of `{}`.", self.collection()),
                "properties": {
                    "items": {
                        "type": "array",
                        "items": {"$ref": format!("#/components/schemas/{}", self.name)},
                        "description": "The rows of this page, in order.",
                    },
                    "next_cursor": {
                        "type": ["string", "null"],
                        "description": "Give it back as `cursor` for the next page; null on the last one.",
                    },
                    "count": {
                        "type": "integer",
                        "format": "int64",
                        "minimum": 0,
                        "description": "How many rows there are in all; only where `Prefer` asked for it.",
                    },
                },
                "required": ["items", "next_cursor"],
            }),
        );
    }

    fn add_writes(&self, schemas: &mut Map<String, Value>, values: &[(usize, Value)]) {
        let writable =
            |(index, _): &&(usize, Value)| self.reader.writes(&self.table.collection.fields[*index]);
        let writable: Vec<&(usize, Value)> = values.iter().filter(writable).collect();
        let collection = self.collection();
        for (part, description) in [
            ("Create", format!("A new row of `{collection}`.")),
            ("Update", format!("A change of a row of `{collection}`: what is left out stays as it is.")),
            ("Replace", format!("A whole row of `{collection}`: what is left out gets its default.")),
        ] {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for (index, value) in &writable {
                let field = &self.table.collection.fields[*index];
                if field.primary_key && part != "Create" {
                    continue;
                }
                properties.insert(field.name.clone(), nullable(value.clone(), !field.required));
                let made = field.primary_key && field.system;
                let missing = self.table.columns[*index].filled == Filled::Null && !made;
                if part != "Update" && field.required && missing {
                    required.push(field.name.as_str());
                }
            }
            let mut schema = json!({
                "type": "object",
                "description": description,
                "properties": properties,
                "additionalProperties": false,
            });
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
            schemas.insert(format!("{}{part}", self.name), schema);
        }
    }
}

/// The type of a field's value, were it never null. `enumeration` names the type of an enum.
fn value(field: &Field, enumeration: Option<&str>) -> Value {
    let one = match enumeration {
        Some(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        None => scalar(field.value_type()),
    };
    let about = about(field);
    let mut value = if field.array {
        json!({"type": "array", "items": nullable(one, true)})
    } else if field.type_ == FieldType::Files {
        json!({"type": "array", "items": one})
    } else {
        one
    };
    if !about.is_empty() {
        value["description"] = Value::from(about);
    }
    value
}

/// The type of one value. This is the only place that says how a field type looks in JSON.
pub(super) fn scalar(type_: FieldType) -> Value {
    match type_ {
        FieldType::Text | FieldType::Enum | FieldType::Relation => json!({"type": "string"}),
        FieldType::Email => json!({"type": "string", "format": "email", "maxLength": 254}),
        FieldType::Url => json!({"type": "string", "format": "uri"}),
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Int => {
            json!({"type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX})
        }
        FieldType::Bigint => {
            json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$", "example": "9007199254740993"})
        }
        FieldType::Float => {
            json!({"type": ["number", "string"], "format": "double", "pattern": "^(NaN|-?Infinity)$"})
        }
        FieldType::Numeric => json!({
            "type": "string",
            "format": "decimal",
            "pattern": "^(-?[0-9]+(\\.[0-9]+)?|NaN|-?Infinity)$",
            "example": "12.50",
        }),
        // Days and instants beyond the years 0000 to 9999 have a sign and more digits (ISO 8601).
        FieldType::Date => json!({
            "type": "string",
            "anyOf": [{"format": "date"}, {"pattern": "^(-?infinity|[+-][0-9]{6,7}-[0-9]{2}-[0-9]{2})$"}],
            "example": "2026-01-31",
        }),
        FieldType::Timestamp => json!({
            "type": "string",
            "anyOf": [{"format": "date-time"}, {"pattern": "^(-?infinity|[+-][0-9]{6}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z)$"}],
            "example": "2026-01-31T12:00:00Z",
        }),
        FieldType::Uuid | FieldType::File | FieldType::Files => json!({"type": "string", "format": "uuid"}),
        FieldType::Json => json!({}),
    }
}

/// What a reader of the document should know of a field beside its type.
fn about(field: &Field) -> String {
    let mut sentences = Vec::new();
    match field.type_ {
        FieldType::Relation => {
            let collection = field.collection.as_deref().unwrap_or("another collection");
            let key = field.references.as_deref().unwrap_or("key");
            sentences.push(format!("The `{key}` of a row of `{collection}`."));
        }
        FieldType::File => sentences.push("The id of a file.".to_owned()),
        FieldType::Files => sentences.push("The ids of files, in order.".to_owned()),
        FieldType::Json => sentences.push("Any JSON.".to_owned()),
        FieldType::Bigint => sentences.push("A whole number of 64 bits.".to_owned()),
        FieldType::Numeric => sentences.push("An exact decimal number.".to_owned()),
        _ => {}
    }
    if field.primary_key {
        sentences.push("Part of the key.".to_owned());
    }
    if field.unique {
        sentences.push("No two rows have the same.".to_owned());
    }
    if field.hidden {
        sentences.push("For admins alone.".to_owned());
    }
    sentences.join(" ")
}

/// The same type, or null.
fn nullable(mut value: Value, is: bool) -> Value {
    if !is || value.get("type").is_none() && value.get("$ref").is_none() {
        return value;
    }
    match value.get_mut("type") {
        Some(Value::Array(types)) => {
            types.push(json!("null"));
            return value;
        }
        Some(Value::String(type_)) => {
            value["type"] = json!([std::mem::take(type_), "null"]);
            return value;
        }
        _ => {}
    }
    let description = value.as_object_mut().and_then(|members| members.remove("description"));
    let mut either = json!({"anyOf": [value, {"type": "null"}]});
    if let Some(description) = description {
        either["description"] = description;
    }
    either
}
