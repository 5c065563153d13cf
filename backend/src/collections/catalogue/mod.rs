//! What the database looks like through the API: read from Postgres's own catalogue and from
//! `annex.collections`, kept in memory, replaced whole whenever either changes.

mod model;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

pub use model::{Column, Filled, Fragment, Identifier, Incoming, Rule, Rules, Search, Table, Wire};

/// The collections as they are now.
#[derive(Debug, Default)]
pub struct Catalogue {
    current: ArcSwap<Snapshot>,
}

impl Catalogue {
    /// The collections at this moment; hold it for the length of one request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }
}

/// The collections at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Changes with the schema, the rules and nothing else: hexadecimal.
    pub version: String,
    /// By name, with `users`, which can be pointed at but not be served as records.
    pub tables: BTreeMap<String, Arc<Table>>,
}

impl Snapshot {
    /// The table behind the collection of that name.
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// The table behind a collection that is served as records.
    pub fn served(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name).filter(|table| table.served)
    }
}
