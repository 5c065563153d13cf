//! Accounts as relations, expressions and `expand` know them: `users` stands beside the collections and is not listed with them.

use crate::collections::{Collection, CollectionKind, Field, FieldType, RuleClasses, Rules};

/// The fields of an account that others may know of.
pub const FIELDS: [(&str, FieldType); 5] = [
    ("id", FieldType::Uuid),
    ("email", FieldType::Email),
    ("display_name", FieldType::Text),
    ("verified", FieldType::Bool),
    ("created_at", FieldType::Timestamp),
];

/// `users` as a collection, which nobody can change.
pub fn collection() -> Collection {
    let field = |(name, type_): (&str, FieldType)| Field {
        name: name.to_owned(),
        type_,
        array: false,
        required: name != "display_name",
        unique: name == "id",
        primary_key: name == "id",
        read_only: true,
        system: false,
        hidden: false,
        default: None,
        values: None,
        collection: None,
        references: None,
        key_type: None,
        on_delete: None,
        native_type: String::new(),
        database_alone: None,
    };
    Collection {
        name: "users".to_owned(),
        table: "annex.users".to_owned(),
        kind: CollectionKind::Table,
        primary_key: vec!["id".to_owned()],
        fields: FIELDS.map(field).to_vec(),
        indexes: Vec::new(),
        incoming: Vec::new(),
        rules: Rules::default(),
        rule_classes: RuleClasses::default(),
        realtime: false,
        problems: Vec::new(),
    }
}
