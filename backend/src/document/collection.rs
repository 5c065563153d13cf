//! A document's share of every collection: its types and its operations.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::names::Names;
use super::schema::{Reader, Types, relations};
use super::{components, operations};
use crate::collections::catalogue::{Snapshot, Table};

/// Puts the operations and the types of every collection in the place of the general ones.
pub(super) fn add_all(document: &mut Value, snapshot: &Snapshot, admin: bool) {
    let reader = Reader { admin };
    let served = snapshot.tables.values().any(|table| table.served);
    if served {
        remove_general(document);
    }
    let tables: Vec<&Table> = snapshot
        .tables
        .values()
        .map(AsRef::as_ref)
        .filter(|table| is_needed(snapshot, table, reader))
        .collect();
    let mut names = Names::of(document);
    let rows: BTreeMap<&str, String> = tables
        .iter()
        .map(|table| (table.collection.name.as_str(), names.row(&table.collection.name)))
        .collect();
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for table in tables {
        let name = &rows[table.collection.name.as_str()];
        let types = Types { snapshot, table, reader, name };
        types.add(&mut schemas, &mut names, |collection| rows.get(collection).cloned());
        if table.served {
            let prefix = names.operations(&table.collection.name);
            paths.extend(operations::of_collection(snapshot, table, reader, name, &prefix));
        }
    }
    super::core::finish(&mut paths);
    if let Some(all) = document["paths"].as_object_mut() {
        all.extend(paths);
    }
    if let Some(all) = document["components"]["schemas"].as_object_mut() {
        all.extend(schemas);
    }
    remove_unused(document);
}

/// Takes away what speaks of any collection.
fn remove_general(document: &mut Value) {
    if let Some(paths) = document["paths"].as_object_mut() {
        for path in operations::general().keys() {
            paths.shift_remove(path);
        }
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for name in components::schemas().keys() {
            schemas.shift_remove(name);
        }
    }
}

/// Takes away what is shared and nothing has, such as `search` where nothing can be searched, or the report of an import
/// where all is views.
fn remove_unused(document: &mut Value) {
    for kind in ["parameters", "headers", "schemas"] {
        let mut used = HashSet::new();
        add_references(document, &mut used);
        if let Some(components) = document["components"][kind].as_object_mut() {
            components.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
        }
    }
}

fn add_references(value: &Value, used: &mut HashSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| add_references(value, used)),
        Value::Array(items) => items.iter().for_each(|item| add_references(item, used)),
        Value::String(text) if text.starts_with("#/components/") => drop(used.insert(text.clone())),
        _ => {}
    }
}

/// Whether a table has a place in the document: it is served, or a row of it can be in an answer.
fn is_needed(snapshot: &Snapshot, table: &Table, reader: Reader) -> bool {
    let name = table.collection.name.as_str();
    let reaches = |other: &&std::sync::Arc<Table>| {
        other.served && relations(snapshot, other, reader).iter().any(|relation| relation.leads_to(name))
    };
    table.served || snapshot.tables.values().any(|other| reaches(&other))
}
