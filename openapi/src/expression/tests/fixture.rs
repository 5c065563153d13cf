//! Posts with an author, comments and rooms with members, and accounts with a secret.

use crate::collections::{
    Collection, CollectionKind, Field, FieldType, IncomingRelation, RuleClasses, Rules,
};
use crate::expression::*;

fn field(name: &str, type_: FieldType) -> Field {
    Field {
        name: name.to_owned(),
        type_,
        array: false,
        required: false,
        unique: false,
        primary_key: name == "id",
        read_only: false,
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
    }
}

fn relation(name: &str, collection: &str) -> Field {
    Field {
        collection: Some(collection.to_owned()),
        references: Some("id".to_owned()),
        key_type: Some(FieldType::Uuid),
        ..field(name, FieldType::Relation)
    }
}

fn many(field: Field) -> Field {
    Field { array: true, ..field }
}

fn hidden(field: Field) -> Field {
    Field { hidden: true, ..field }
}

fn collection(name: &str, fields: Vec<Field>, incoming: &[(&str, &str, &str)]) -> Collection {
    let incoming = incoming.iter().map(|(name, collection, field)| IncomingRelation {
        name: (*name).to_owned(),
        collection: (*collection).to_owned(),
        field: (*field).to_owned(),
    });
    Collection {
        name: name.to_owned(),
        table: format!("public.{name}"),
        kind: CollectionKind::Table,
        primary_key: vec!["id".to_owned()],
        fields,
        indexes: Vec::new(),
        incoming: incoming.collect(),
        rules: Rules::default(),
        rule_classes: RuleClasses::default(),
        realtime: false,
        problems: Vec::new(),
    }
}

pub(super) fn catalogue() -> Vec<Collection> {
    let status = Field {
        values: Some(["draft", "published", "archived"].map(str::to_owned).to_vec()),
        ..field("status", FieldType::Enum)
    };
    vec![
        collection(
            "posts",
            vec![
                field("id", FieldType::Uuid),
                field("title", FieldType::Text),
                field("contact", FieldType::Email),
                status,
                field("score", FieldType::Int),
                field("views", FieldType::Bigint),
                field("rating", FieldType::Float),
                field("price", FieldType::Numeric),
                field("published", FieldType::Bool),
                field("day", FieldType::Date),
                field("created_at", FieldType::Timestamp),
                field("deleted_at", FieldType::Timestamp),
                field("meta", FieldType::Json),
                many(field("tags", FieldType::Text)),
                many(field("scores", FieldType::Int)),
                relation("author", "users"),
                many(relation("editors", "users")),
                relation("parent", "posts"),
                relation("room", "rooms"),
                field("cover", FieldType::File),
                field("Odd `Name`", FieldType::Text),
                field("in", FieldType::Int),
                hidden(field("secret", FieldType::Text)),
            ],
            &[("comments", "comments", "post"), ("audits", "audits", "post")],
        ),
        collection(
            "users",
            vec![
                field("id", FieldType::Uuid),
                field("email", FieldType::Email),
                field("role", FieldType::Text),
                relation("manager", "users"),
                hidden(field("password_hash", FieldType::Text)),
            ],
            &[],
        ),
        collection("rooms", vec![field("id", FieldType::Uuid), field("name", FieldType::Text)], &[]),
        collection(
            "members",
            vec![
                field("id", FieldType::Uuid),
                relation("room", "rooms"),
                relation("user", "users"),
                field("role", FieldType::Text),
            ],
            &[],
        ),
        collection(
            "comments",
            vec![
                field("id", FieldType::Uuid),
                relation("post", "posts"),
                relation("author", "users"),
                field("body", FieldType::Text),
            ],
            &[],
        ),
        collection("audits", vec![field("id", FieldType::Uuid), hidden(relation("post", "posts"))], &[]),
    ]
}

pub(super) const FILTER: Purpose = Purpose::Filter { hidden: false };

/// The source checked as one about posts.
pub(super) fn check_as(source: &str, purpose: Purpose) -> Result<Predicate, ExpressionError> {
    let collections = catalogue();
    let scope = Scope { collection: &collections[0], collections: &collections, purpose };
    check(&parse(source)?, &scope)
}

/// The source as a filter of posts.
pub(super) fn filter(source: &str) -> Predicate {
    check_as(source, FILTER).unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// What is wrong with the source as a filter of posts.
pub(super) fn refused(source: &str) -> ExpressionError {
    check_as(source, FILTER).expect_err(source)
}

/// Compares with the snapshot of that name.
pub(super) fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("expression_{name}"), text);
    });
}
