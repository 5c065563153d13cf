//! What the database looks like through the API: read from Postgres's own catalogue, from
//! `annex.collections`, `annex.hooks`, `annex.channels`, `annex.webhooks` and `annex.triggers`, kept in memory, replaced whole whenever
//! one of them changes.

pub(in crate::collections) mod assemble;
pub mod channels;
mod introspect;
mod model;
pub(in crate::collections) mod rules;
pub mod subscribers;
mod types;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;

use crate::hooks::HttpHook;

pub(in crate::collections) use introspect::Other;
pub use model::{
    Column, Constraint, Demand, Filled, Fragment, Identifier, Incoming, Origin, Rule, Rules, Search, Table,
    Trust, Unserved, Wire,
};
use subscribers::Subscriber;
use watch::Watch;

/// The collections as they are now.
#[derive(Debug, Default)]
pub struct Catalogue {
    current: ArcSwap<Snapshot>,
    /// How many times it was begun to be read; held while it is read.
    readings: Mutex<u64>,
    begun: std::sync::atomic::AtomicU64,
    watch: OnceLock<Watch>,
}

impl Catalogue {
    /// Reads the collections for the first time.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn load(pool: &PgPool) -> sqlx::Result<Self> {
        let catalogue = Self::default();
        catalogue.refresh_now(pool).await?;
        Ok(catalogue)
    }

    /// The collections at this moment; hold it for the length of one request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Reads the collections again, whatever was committed before the call included: after a change of one's own, or
    /// where a statement fails since somebody changed the schema. Many callers at once share a reading.
    ///
    /// # Errors
    /// The database does not answer; the collections are as they were.
    pub async fn refresh_now(&self, pool: &PgPool) -> sqlx::Result<Arc<Snapshot>> {
        use std::sync::atomic::Ordering::SeqCst;
        let asked = self.begun.load(SeqCst);
        let mut done = self.readings.lock().await;
        if *done <= asked {
            let begun = self.begun.fetch_add(1, SeqCst) + 1;
            let snapshot = Snapshot::read(pool).await?;
            *done = begun;
            if snapshot.version != self.current.load().version {
                tracing::debug!(version = snapshot.version, "the collections changed");
                self.current.store(Arc::new(snapshot));
            }
        }
        Ok(self.snapshot())
    }

    /// Has the collections be those, for tests of what reads them.
    #[cfg(test)]
    pub fn set(&self, snapshot: Snapshot) {
        self.current.store(Arc::new(snapshot));
    }

    /// Follows the database from now on, until the catalogue is dropped: a change by another server, or by anybody
    /// with `psql`, is seen within a moment.
    pub fn watch(self: &Arc<Self>, pool: &PgPool) {
        self.watch.get_or_init(|| Watch::start(self, pool));
    }
}

/// The collections at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Changes with the schema, the rules, the hooks, the channels, who is told of changes, and nothing else: hexadecimal.
    pub version: String,
    /// By name, with `users`, which can be pointed at but not be served as records.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// The programs that are asked before something is written.
    pub hooks: Vec<HttpHook>,
    /// The channels, by name.
    pub channels: Vec<channels::Row>,
    /// Who is told of changes of rows.
    pub subscribers: Vec<Subscriber>,
}

impl annex_openapi::expression::Catalogue for Snapshot {
    fn collection(&self, name: &str) -> Option<&annex_openapi::collections::Collection> {
        self.table(name).map(|table| &table.collection)
    }

    fn names(&self) -> Vec<&str> {
        self.tables.keys().map(String::as_str).collect()
    }
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

    /// The collections that there are now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        introspect::Facts::read(pool).await.map(assemble::assemble)
    }

    /// The collections as a transaction sees them, with what it has changed itself. Its search path is another
    /// afterwards, until it ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub(in crate::collections) async fn read_in(transaction: &mut PgConnection) -> sqlx::Result<Self> {
        introspect::Facts::read_in(transaction).await.map(assemble::assemble)
    }

    /// The same, with the tables that are no collections, as if each were one under its [`Other::key`].
    ///
    /// # Errors
    /// The database does not answer.
    pub(in crate::collections) async fn read_with_others(
        transaction: &mut PgConnection,
    ) -> sqlx::Result<(Self, Vec<Other>)> {
        let (facts, others) = introspect::Facts::read_with_others(transaction).await?;
        Ok((assemble::assemble(facts), others))
    }
}
