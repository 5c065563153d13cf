//! What tells the rows of a table apart.

use annex_openapi::collections::IndexKind;

use crate::collections::catalogue::{Demand, Table};

/// The sets of columns in which no two rows are equal: the key, and those of each unique constraint and index.
pub fn unique(table: &Table) -> Vec<Vec<usize>> {
    let mut keys = vec![table.key.clone()];
    let constraints = table.constraints.iter().filter(|constraint| constraint.demand == Demand::Unique);
    keys.extend(constraints.map(|constraint| constraint.columns.clone()));
    let indexes = table.collection.indexes.iter().filter(|index| index.kind == Some(IndexKind::Unique));
    keys.extend(indexes.filter_map(|index| {
        index.fields.iter().map(|name| table.column(name.trim_start_matches('-'))).collect()
    }));
    for key in &mut keys {
        key.sort_unstable();
    }
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| !key.is_empty());
    keys
}
