//! The operations on the rows of a collection: of each collection with its own types, and of all in general for the
//! platform's document.

use annex_openapi::collections::FieldType;
use serde_json::{Map, Value, json};

use super::components::reference;
use super::schema::{self, Reader, relations};
use crate::collections::catalogue::{Rule, Snapshot, Table};

/// What stands after the prefix in the names of a collection's operations.
pub(super) const ACTIONS: [&str; 10] = [
    "list",
    "create",
    "update_matching",
    "delete_matching",
    "get",
    "update",
    "replace",
    "delete",
    "import",
    "export",
];

/// What the operations of one collection, or of all, are told apart by.
struct Subject<'a> {
    /// The path of the list.
    path: String,
    /// What `operationId` begins with.
    prefix: &'a str,
    /// The name of the row's type.
    row: &'a str,
    /// The collection in words.
    named: String,
    /// Parameters of the path, for the list and for one row.
    list_path: Vec<Value>,
    row_path: Vec<Value>,
    /// Parameters of reads.
    read: Vec<Value>,
    /// Parameters that say which rows.
    matching: Vec<Value>,
    /// Further parameters of the list.
    list: Vec<Value>,
    /// Whether rows can be written.
    writable: bool,
    /// Whether a create, and an import, asks for a token, as `security` says it.
    create_security: Value,
    import_security: Value,
}

/// The operations of one collection, by path.
pub(super) fn of_collection(
    snapshot: &Snapshot,
    table: &Table,
    reader: Reader,
    row: &str,
    prefix: &str,
) -> Map<String, Value> {
    let name = &table.collection.name;
    let fields: Vec<&str> = reader.fields(table).map(|(_, field)| field.name.as_str()).collect();
    let mut read = vec![names(
        "fields",
        &format!("The fields to answer with, with commas between them: {}.", quoted(&fields)),
        fields.first().copied(),
    )];
    let relations = relations(snapshot, table, reader);
    if !relations.is_empty() {
        let known: Vec<&str> = relations.iter().map(|relation| relation.name).collect();
        let about = format!(
            "The relations to follow, with commas between them, each at most two deep (`a.b`): {}.",
            quoted(&known)
        );
        read.push(names("expand", &about, known.first().copied()));
    }
    let mut matching = vec![reference("parameters", "Filter")];
    if table.search.is_some() {
        matching.push(reference("parameters", "Search"));
    }
    let sort = format!(
        "The fields to sort by, with commas between them; `-` in front for descending: {}.",
        quoted(&fields)
    );
    let subject = Subject {
        path: format!("/v1/records/{name}"),
        prefix,
        row,
        named: name.clone(),
        list_path: Vec::new(),
        row_path: vec![key(table)],
        read,
        matching,
        list: vec![names("sort", &sort, None)],
        writable: table.writable,
        create_security: security(&[&table.rules.create]),
        import_security: security(&[&table.rules.create, &table.rules.update]),
    };
    subject.paths()
}

/// The operations on the rows of any collection, by path.
pub(super) fn general() -> Map<String, Value> {
    let collection = json!({
        "name": "collection", "in": "path", "required": true, "description": "The collection's name.",
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}, "example": "posts",
    });
    let id = json!({
        "name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1},
        "description": "The row's key; the parts of a composite one with commas between them.",
    });
    let subject = Subject {
        path: "/v1/records/{collection}".to_owned(),
        prefix: "records",
        row: "Record",
        named: "a collection".to_owned(),
        list_path: vec![collection.clone()],
        row_path: vec![collection, id],
        read: vec![
            names("fields", "The fields to answer with, with commas between them.", None),
            names(
                "expand",
                "The relations to follow, with commas between them, each at most two deep (`a.b`).",
                None,
            ),
        ],
        matching: vec![reference("parameters", "Filter"), reference("parameters", "Search")],
        list: vec![names(
            "sort",
            "The fields to sort by, with commas between them; `-` in front for descending.",
            None,
        )],
        writable: true,
        create_security: security(&[]),
        import_security: security(&[]),
    };
    subject.paths()
}

impl Subject<'_> {
    fn paths(&self) -> Map<String, Value> {
        let mut list = Map::from_iter([("get".to_owned(), self.list())]);
        let mut row = Map::from_iter([("get".to_owned(), self.get())]);
        if self.writable {
            list.insert("post".to_owned(), self.create());
            list.insert("patch".to_owned(), self.update_matching());
            list.insert("delete".to_owned(), self.delete_matching());
            row.insert("patch".to_owned(), self.update());
            row.insert("put".to_owned(), self.replace());
            row.insert("delete".to_owned(), self.delete());
        }
        let mut paths = Map::new();
        paths.insert(self.path.clone(), Value::Object(list));
        paths.insert(format!("{}/{{id}}", self.path), Value::Object(row));
        if self.writable {
            paths.insert(format!("{}/import", self.path), json!({"post": self.import()}));
        }
        paths.insert(format!("{}/export", self.path), json!({"post": self.export()}));
        paths
    }

    fn list(&self) -> Value {
        let further = ["Cursor", "Offset", "Limit", "PreferCount"].map(|name| reference("parameters", name));
        let parameters = [&self.list_path[..], &self.matching, &self.list, &self.read, &further].concat();
        let page = self.answer("A page of rows.", "Page", &["Preference-Applied"]);
        let about = "Rows that the list rule hides are not there. The order is that of `sort` and then of the key, and a \
                     page goes on exactly where the last one ended.";
        self.operation("list", "Lists rows of", about, parameters, json!({"200": page}))
    }

    fn create(&self) -> Value {
        let made = self.answer(
            "The row, where the caller may view it.",
            "",
            &["ETag", "Location", "Preference-Applied"],
        );
        let parameters = [&self.list_path[..], &[reference("parameters", "PreferReturn")]].concat();
        let mut operation = self.operation(
            "create",
            "Creates a row of",
            "The create rule decides.",
            parameters,
            json!({"201": made}),
        );
        operation["security"] = self.create_security.clone();
        self.with_body(operation, "Create")
    }

    fn update_matching(&self) -> Value {
        let operation = self.operation(
            "update_matching",
            "Changes all matching rows of",
            "The change is made to every row that a list with this `filter` and `search` would have and that the update rule \
             lets the caller change, in one statement. A row that the rule would not even let stay as it is, is passed over; \
             where the rule does not allow what would become of one of the others, nothing is changed (403). One of `filter` \
             and `search` must be there; `filter=true` means every row.",
            self.matching_parameters(),
            json!({"200": json_answer("How many rows were changed.", "BulkResult")}),
        );
        self.with_body(operation, "Update")
    }

    fn delete_matching(&self) -> Value {
        self.operation(
            "delete_matching",
            "Deletes all matching rows of",
            "Every row goes that a list with this `filter` and `search` would have and that the delete rule lets the caller \
             delete, in one statement. One of `filter` and `search` must be there; `filter=true` means every row.",
            self.matching_parameters(),
            json!({"200": json_answer("How many rows were deleted.", "BulkResult")}),
        )
    }

    fn matching_parameters(&self) -> Vec<Value> {
        [&self.list_path[..], &self.matching, &[reference("parameters", "CountOnly")]].concat()
    }

    fn get(&self) -> Value {
        let row = self.answer("The row.", "", &["ETag"]);
        let parameters = [&self.row_path[..], &self.read, &[reference("parameters", "IfNoneMatch")]].concat();
        let responses = json!({"200": row, "304": {"description": "The caller has it."}});
        let about = "A row that the view rule hides is not there.";
        self.operation("get", "Reads a row of", about, parameters, responses)
    }

    fn update(&self) -> Value {
        let operation = self.operation(
            "update",
            "Changes fields of a row of",
            "A merge: a field that is left out stays as it is. The update rule decides.",
            self.write_parameters(),
            json!({"200": self.written(), "204": no_body()}),
        );
        self.with_body(operation, "Update")
    }

    fn replace(&self) -> Value {
        let made = self.answer(
            "The row was not there, and is made.",
            "",
            &["ETag", "Location", "Preference-Applied"],
        );
        let operation = self.operation("replace",
            "Replaces or creates a row of",
            "A field that is left out gets its default. The update rule decides where the row is there, the create rule \
             where it is not. With `If-None-Match: *` a row that is there is left alone (412).",
            [self.write_parameters(), vec![reference("parameters", "IfNoRow")]].concat(),
            json!({"200": self.written(), "201": made, "204": no_body()}),
        );
        self.with_body(operation, "Replace")
    }

    fn delete(&self) -> Value {
        let parameters = [&self.row_path[..], &[reference("parameters", "IfMatch")]].concat();
        let responses = json!({"204": {"description": "It is gone."}});
        self.operation("delete", "Deletes a row of", "The delete rule decides.", parameters, responses)
    }

    fn import(&self) -> Value {
        let own = ["ImportMode", "DryRun", "Upsert", "Null", "Delimiter", "PreferAsync"];
        let parameters = [&self.list_path[..], &own.map(|name| reference("parameters", name))].concat();
        let report = json_answer("What was done; in a dry run, what would have been.", "ImportReport");
        let mut operation = self.operation(
            "import",
            "Imports rows into",
            "A stream, taken in as one transaction: CSV whose first line names the fields, or a JSON object a line. In CSV \
             lists and JSON are written as JSON, and null in a field that cannot be null stands for its default. The create \
             rule decides for each row, and the update rule for one that `upsert` finds. Where a row is bad nothing is \
             written, and the answer is a problem (422) whose `errors` have the row's `line`; `mode=skip_bad` leaves it out. In the \
             background the job's result is the same report, and its error has the same `errors` in its `details`.",
            parameters,
            json!({"200": report, "202": in_background()}),
        );
        operation["requestBody"] =
            json!({"required": true, "description": "The rows, in UTF-8.", "content": streamed()});
        operation["security"] = self.import_security.clone();
        operation
    }

    fn export(&self) -> Value {
        let file = json!({
            "description": "The rows, in the format that was asked for. Where reading fails in the middle the transfer breaks off.",
            "headers": {"Content-Disposition": reference("headers", "ContentDisposition")},
            "content": streamed(),
        });
        let mut operation = self.operation(
            "export",
            "Exports rows of",
            "All rows that a list would have, in its order, as they were at one moment. An import takes them in again as they \
             are, except for what `escape_formulas` put in front. In the background they go to a file, which is kept for a day: \
             the job's result has `file` with a signed link.",
            [&self.list_path[..], &[reference("parameters", "PreferAsync")]].concat(),
            json!({"200": file, "202": in_background()}),
        );
        operation["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": reference("schemas", "ExportRequest")}},
        });
        operation
    }

    fn write_parameters(&self) -> Vec<Value> {
        [&self.row_path[..], &["IfMatch", "PreferReturn"].map(|name| reference("parameters", name))].concat()
    }

    fn written(&self) -> Value {
        self.answer("The row as it is now.", "", &["ETag", "Preference-Applied"])
    }

    fn operation(
        &self,
        action: &str,
        does: &str,
        about: &str,
        parameters: Vec<Value>,
        responses: Value,
    ) -> Value {
        json!({
            "operationId": format!("{}_{action}", self.prefix),
            "tags": ["records"],
            "summary": format!("{does} {}", self.named),
            "description": about,
            "parameters": parameters,
            "responses": responses,
            "security": security(&[]),
        })
    }

    fn with_body(&self, mut operation: Value, part: &str) -> Value {
        let schema = reference("schemas", &format!("{}{part}", self.row));
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schema}}});
        operation
    }

    fn answer(&self, description: &str, part: &str, headers: &[&str]) -> Value {
        let headers: Map<String, Value> = headers
            .iter()
            .map(|name| ((*name).to_owned(), reference("headers", &name.replace('-', ""))))
            .collect();
        let schema = reference("schemas", &format!("{}{part}", self.row));
        json!({
            "description": description,
            "headers": headers,
            "content": {"application/json": {"schema": schema}},
        })
    }
}

fn key(table: &Table) -> Value {
    let key = &table.collection.primary_key;
    if let [column] = table.key[..] {
        let field = &table.collection.fields[column];
        let mut schema = schema::scalar(field.value_type());
        if field.value_type() == FieldType::Enum {
            schema["enum"] = json!(field.values);
        } else if schema["type"] == "string" && schema.get("format").is_none() {
            schema["minLength"] = json!(1);
        }
        return json!({
            "name": "id", "in": "path", "required": true, "schema": schema,
            "description": format!("The row's key: its `{}`.", field.name),
        });
    }
    json!({
        "name": "id", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1},
        "description": format!("The row's key: its {}, each percent-encoded, with commas between them.", quoted(&key.iter().map(String::as_str).collect::<Vec<_>>())),
    })
}

fn names(parameter: &str, description: &str, example: Option<&str>) -> Value {
    let mut value =
        json!({"name": parameter, "in": "query", "description": description, "schema": {"type": "string"}});
    if let Some(example) = example {
        value["example"] = Value::from(example);
    }
    value
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn json_answer(description: &str, schema: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": reference("schemas", schema)}},
    })
}

/// The job that does it in the background.
fn in_background() -> Value {
    let headers = json!({
        "Location": reference("headers", "JobLocation"),
        "Preference-Applied": reference("headers", "PreferenceApplied"),
    });
    let mut answer =
        json_answer("The job that does it, where `Prefer: respond-async` asked for that.", "Job");
    answer["headers"] = headers;
    answer
}

fn no_body() -> Value {
    json!({
        "description": "Done; the caller declined the row, or may not view it.",
        "headers": {"ETag": reference("headers", "ETag"), "Preference-Applied": reference("headers", "PreferenceApplied")},
    })
}

/// Whether an operation asks for a token: where none of the rules that may let it write new rows is for others than admins. Only
/// a refused create or import tells that a token is missing: to everything else a rule that denies looks as though there
/// were no row.
fn security(rules: &[&Rule]) -> Value {
    let closed = |rule: &&Rule| matches!(rule, Rule::Admins | Rule::Broken(_));
    if !rules.is_empty() && rules.iter().all(closed) {
        return json!([{"bearer": []}]);
    }
    json!([{}, {"bearer": []}])
}

/// Rows as a stream. What a row looks like is the row's type; a stream as a whole is text.
fn streamed() -> Value {
    json!({
        "text/csv": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
    })
}
