//! A document's share of every collection: its types and its operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::names::Names;
use super::operations;
use super::schema::{Reader, Types, relations};
use crate::collections::catalogue::{Snapshot, Table};

/// Puts the operations and the types of every collection in the place of the general ones.
pub(super) fn add_all(document: &mut Value, snapshot: &Snapshot, admin: bool) {
    let reader = Reader { admin };
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
    for operation in super::core::operations_of(&mut paths) {
        super::core::finish(operation);
    }
    let served = snapshot.tables.values().any(|table| table.served);
    if let Some(all) = document["paths"].as_object_mut() {
        if served {
            for (path, _) in operations::general() {
                all.shift_remove(&path);
            }
        }
        all.extend(paths);
    }
    if let Some(all) = document["components"]["schemas"].as_object_mut() {
        all.extend(schemas);
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
