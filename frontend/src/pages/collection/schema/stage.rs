//! Changes of a collection that are not made yet.

use std::collections::BTreeMap;

use annex_openapi::collections::{
    AddField, AddIndex, AlterField, Change, DropField, DropIndex, Field, FieldSpec, FieldType, IndexKind,
    IndexSpec, Rename, RenameField,
};
use serde_json::Value;

/// What becomes of a field that is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// It becomes this.
    Changed {
        /// What it becomes.
        spec: FieldSpec,
        /// Another default, or none, where that was changed.
        default: Option<Option<Value>>,
    },
    /// It goes, with its values.
    Dropped,
}

/// What is to be changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    /// The collection's new name.
    pub name: Option<String>,
    /// What becomes of fields, by their names now.
    pub edits: BTreeMap<String, Edit>,
    /// Fields that are added.
    pub added: Vec<FieldSpec>,
    /// Indexes that are dropped, by name.
    pub dropped_indexes: Vec<String>,
    /// Indexes that are added.
    pub added_indexes: Vec<IndexSpec>,
}

/// Which part of a stage a change comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Name,
    Field(String),
    Added(usize),
    DroppedIndex(String),
    AddedIndex(usize),
}

impl Stage {
    /// The changes in an order in which they can be made, each with where it comes from: what goes makes room, names change
    /// once nothing says the old ones any more, and what is new may say the new ones.
    pub fn changes(&self, fields: &[Field]) -> Vec<(Part, Change)> {
        let mut changes: Vec<(Part, Change)> = Vec::new();
        for name in &self.dropped_indexes {
            let change = Change::DropIndex(DropIndex { name: name.clone() });
            changes.push((Part::DroppedIndex(name.clone()), change));
        }
        let mut renames = Vec::new();
        for (name, edit) in &self.edits {
            let part = Part::Field(name.clone());
            match edit {
                Edit::Dropped => changes.push((part, Change::DropField(DropField { name: name.clone() }))),
                Edit::Changed { spec, default } => {
                    let Some(field) = fields.iter().find(|field| field.name == *name) else { continue };
                    if let Some(alter) = altered(field, spec, default.clone()) {
                        changes.push((part.clone(), Change::AlterField(alter)));
                    }
                    if spec.name != *name {
                        let rename = RenameField { name: name.clone(), to: spec.name.clone() };
                        renames.push((part, Change::RenameField(rename)));
                    }
                }
            }
        }
        changes.extend(renames);
        for (place, field) in self.added.iter().enumerate() {
            changes.push((Part::Added(place), Change::AddField(AddField { field: field.clone() })));
        }
        for (place, index) in self.added_indexes.iter().enumerate() {
            changes.push((Part::AddedIndex(place), Change::AddIndex(AddIndex { index: index.clone() })));
        }
        if let Some(name) = &self.name {
            changes.push((Part::Name, Change::Rename(Rename { name: name.clone() })));
        }
        changes
    }

    /// Forgets one part.
    pub fn forget(&mut self, part: &Part) {
        match part {
            Part::Name => self.name = None,
            Part::Field(name) => {
                self.edits.remove(name);
            }
            Part::Added(place) if *place < self.added.len() => {
                self.added.remove(*place);
            }
            Part::DroppedIndex(name) => self.dropped_indexes.retain(|other| other != name),
            Part::AddedIndex(place) if *place < self.added_indexes.len() => {
                self.added_indexes.remove(*place);
            }
            Part::Added(_) | Part::AddedIndex(_) => {}
        }
    }
}

/// What changes of a field apart from its name, where something does.
fn altered(field: &Field, spec: &FieldSpec, default: Option<Option<Value>>) -> Option<AlterField> {
    fn another<T: PartialEq>(was: T, is: T) -> Option<T> {
        (was != is).then_some(is)
    }
    let relation = spec.type_ == FieldType::Relation;
    let alter = AlterField {
        name: field.name.clone(),
        type_: another(field.type_, spec.type_),
        array: another(field.array, spec.array),
        required: another(field.required, spec.required),
        unique: another(field.unique, spec.unique),
        default,
        values: another(field.values.clone(), spec.values.clone()).flatten(),
        collection: another(field.collection.clone(), spec.collection.clone()).flatten(),
        on_delete: another(field.on_delete, spec.on_delete).flatten().filter(|_| relation),
        hidden: another(field.hidden, spec.hidden),
    };
    let unchanged = AlterField {
        name: field.name.clone(),
        type_: None,
        array: None,
        required: None,
        unique: None,
        default: None,
        values: None,
        collection: None,
        on_delete: None,
        hidden: None,
    };
    (alter != unchanged).then_some(alter)
}

/// A change in a few words, with names in backticks.
pub fn words(change: &Change) -> String {
    match change {
        Change::Rename(rename) => format!("Rename the collection to `{}`", rename.name),
        Change::AddField(add) => format!("Add `{}`, {}", add.field.name, type_words(&add.field)),
        Change::RenameField(rename) => format!("Rename `{}` to `{}`", rename.name, rename.to),
        Change::AlterField(alter) => format!("Change `{}`: {}", alter.name, alter_words(alter).join(", ")),
        Change::DropField(drop) => format!("Drop `{}`", drop.name),
        Change::AddIndex(add) => {
            let kind = match add.index.kind {
                IndexKind::Plain => "an index",
                IndexKind::Unique => "a unique index",
                IndexKind::FullText => "a full-text index",
            };
            format!("Add {kind} over `{}`", add.index.fields.join(", "))
        }
        Change::DropIndex(drop) => format!("Drop the index `{}`", drop.name),
    }
}

fn type_words(spec: &FieldSpec) -> String {
    let list = if spec.array { "a list of " } else { "" };
    match &spec.collection {
        Some(target) => format!("{list}relation to {target}"),
        None => format!("{list}{}", spec.type_.as_str()),
    }
}

fn alter_words(alter: &AlterField) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |on: Option<bool>, yes: &str, no: &str| {
        if let Some(on) = on {
            words.push(if on { yes.to_owned() } else { no.to_owned() });
        }
    };
    say(alter.required, "required", "not required");
    say(alter.unique, "unique", "not unique");
    say(alter.array, "a list", "no list");
    say(alter.hidden, "hidden", "not hidden");
    if let Some(type_) = alter.type_ {
        words.insert(0, type_.as_str().to_owned());
    }
    match &alter.default {
        Some(Some(default)) => words.push(format!("default {default}")),
        Some(None) => words.push("no default".to_owned()),
        None => {}
    }
    if let Some(values) = &alter.values {
        words.push(format!("values {}", values.join(", ")));
    }
    if let Some(target) = &alter.collection {
        words.push(format!("points at {target}"));
    }
    if alter.on_delete.is_some() {
        words.push("what happens on delete".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use annex_openapi::users;
    use serde_json::json;

    use super::*;

    fn spec(name: &str, type_: FieldType) -> FieldSpec {
        FieldSpec {
            name: name.to_owned(),
            type_,
            array: false,
            required: true,
            unique: false,
            default: None,
            values: None,
            collection: None,
            on_delete: None,
            hidden: false,
        }
    }

    fn changed(spec: FieldSpec, default: Option<Option<Value>>) -> Edit {
        Edit::Changed { spec, default }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let fields = users::collection().fields;
        let mut stage = Stage::default();
        stage.edits.insert("email".to_owned(), changed(spec("email", FieldType::Email), None));
        assert_eq!(stage.changes(&fields), []);
        stage
            .edits
            .insert("email".to_owned(), changed(spec("email", FieldType::Text), Some(Some(json!("x")))));
        let [(Part::Field(_), Change::AlterField(alter))] = &stage.changes(&fields)[..] else {
            panic!("one change")
        };
        assert_eq!(
            (alter.type_, alter.required, &alter.default),
            (Some(FieldType::Text), None, &Some(Some(json!("x"))))
        );
    }

    #[test]
    fn changes_stand_in_an_order_in_which_they_can_be_made() {
        let fields = users::collection().fields;
        let mut stage = Stage { name: Some("people".to_owned()), ..Stage::default() };
        stage.added.push(spec("email", FieldType::Text));
        stage.edits.insert("email".to_owned(), changed(spec("address", FieldType::Text), None));
        stage.edits.insert("verified".to_owned(), Edit::Dropped);
        stage.dropped_indexes.push("old".to_owned());
        stage.added_indexes.push(IndexSpec {
            name: None,
            fields: vec!["address".to_owned()],
            kind: IndexKind::Plain,
        });
        let said: Vec<String> = stage.changes(&fields).iter().map(|(_, change)| words(change)).collect();
        assert_eq!(
            said,
            [
                "Drop the index `old`",
                "Change `email`: text",
                "Drop `verified`",
                "Rename `email` to `address`",
                "Add `email`, text",
                "Add an index over `address`",
                "Rename the collection to `people`",
            ]
        );
        for (part, _) in stage.clone().changes(&fields) {
            stage.forget(&part);
        }
        assert_eq!(stage, Stage::default());
    }
}
