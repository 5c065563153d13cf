//! What must hold for every operation, whoever wrote it.

use std::collections::HashSet;

use serde_json::Value;

use super::core;

fn operations() -> impl Iterator<Item = (String, &'static Value)> {
    let paths = core()["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn the_committed_document_is_that_of_the_server() {
    let committed = include_str!("../../../openapi/openapi.json");
    assert!(
        committed == super::core_text(),
        "openapi/openapi.json is not what the server says: run `make openapi` and commit the result"
    );
}

/// Routes that are not the API: for Prometheus, and for people.
const UNDOCUMENTED: [&str; 3] = ["/metrics", "/docs", "/docs/{asset}"];

#[test]
fn every_route_is_in_the_document() {
    let routes = include_str!("../routes.rs");
    let paths = core()["paths"].as_object().unwrap();
    let served = routes.split("resource(\"").skip(1).filter_map(|rest| rest.split('"').next());
    for path in served.filter(|path| !UNDOCUMENTED.contains(path)) {
        // A parameter's pattern, `{id:.*}`, is not part of its name.
        let path: String = path
            .split('{')
            .map(|part| match part.split_once(':').filter(|_| part.contains('}')) {
                Some((name, rest)) => {
                    format!("{name}}}{}", rest.split_once('}').map_or("", |(_, rest)| rest))
                }
                None => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("{");
        assert!(paths.contains_key(&path), "{path} is served, but not in document/core.rs");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let mut seen = HashSet::new();
    for (place, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no name"));
        assert!(
            name.contains('_') && name == name.to_lowercase(),
            "{place}: `{name}` is not resource_action"
        );
        assert!(seen.insert(name), "`{name}` is there twice");
    }
}

#[test]
fn every_operation_is_described_and_in_a_known_group() {
    let known: Vec<&Value> = core()["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (place, operation) in operations() {
        for member in ["summary", "description"] {
            let text = operation[member].as_str().unwrap_or_default();
            assert!(!text.is_empty() && !text.contains('#'), "the {member} of {place} is {text:?}");
        }
        let tags = operation["tags"].as_array().unwrap();
        assert!(tags.len() == 1 && known.contains(&&tags[0]), "{place} is in {tags:?}");
    }
}

#[test]
fn every_operation_has_problems_and_at_most_one_media_type_each_way() {
    for (place, operation) in operations() {
        for range in ["4XX", "5XX"] {
            let response = &operation["responses"][range]["$ref"];
            assert_eq!(response, "#/components/responses/Problem", "{place}");
        }
        let bodies = operation["responses"].as_object().unwrap().values().chain([&operation["requestBody"]]);
        for body in bodies {
            let media_types = body["content"].as_object().map_or(0, serde_json::Map::len);
            let most = if body["content"]["text/csv"].is_object() { 2 } else { 1 };
            assert!(media_types <= most, "{place} has {media_types} media types in one place");
        }
    }
}

#[test]
fn what_may_have_an_idempotency_key_says_so() {
    let key = serde_json::json!({"$ref": "#/components/parameters/IdempotencyKey"});
    let having: HashSet<&str> = operations()
        .filter(|(_, operation)| {
            operation["parameters"].as_array().is_some_and(|parameters| parameters.contains(&key))
        })
        .filter_map(|(_, operation)| operation["operationId"].as_str())
        .collect();
    let names = ["records_create", "records_update", "batch_run", "collections_apply", "users_update"];
    for name in names.into_iter().chain(["records_import", "records_export"]) {
        assert!(having.contains(name), "{name}");
    }
    for name in ["records_replace", "records_delete", "auth_login"] {
        assert!(!having.contains(name), "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(core(), &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_default();
        assert!(core().pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn no_schema_of_an_object_stands_inline() {
    fn walk(place: &str, value: &Value) {
        let Some(members) = value.as_object() else { return };
        if place.matches('/').count() > 1 {
            assert!(!members.contains_key("properties"), "an object without a name at {place}");
        }
        for (name, value) in members.iter().filter(|(name, _)| *name != "example") {
            walk(&format!("{place}/{name}"), value);
        }
    }
    for (name, schema) in core()["components"]["schemas"].as_object().unwrap() {
        for (property, value) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{name}/{property}/"), value);
        }
    }
}
