//! A collection for tests.

use annex_openapi::collections::Collection;
use serde_json::{Value, json};

fn field(name: &str, type_: &str, more: Value) -> Value {
    let mut field = json!({
        "name": name, "type": type_, "array": false, "required": false, "unique": false, "primary_key": name == "id",
        "read_only": false, "system": name == "id" || name == "created_at", "hidden": false, "default": null,
        "native_type": type_,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        field[name] = value.clone();
    }
    field
}

fn collection(name: &str, fields: &[Value]) -> Collection {
    serde_json::from_value(json!({
        "name": name, "table": format!("public.{name}"), "kind": "table", "primary_key": ["id"], "fields": fields,
        "indexes": [], "incoming": [], "rules": {}, "problems": [],
    }))
    .expect("a collection")
}

/// Books with an author.
pub fn books() -> Collection {
    let author = json!({"collection": "authors", "references": "id", "key_type": "uuid"});
    collection(
        "books",
        &[
            field("id", "uuid", Value::Null),
            field("created_at", "timestamp", Value::Null),
            field("title", "text", json!({"required": true})),
            field("author", "relation", author),
            field("pages", "int", Value::Null),
            field("price", "numeric", Value::Null),
            field("tags", "text", json!({"array": true})),
        ],
    )
}
