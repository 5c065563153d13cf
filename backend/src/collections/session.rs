//! One change of collections, from the plan to the commit: everything happens in one transaction, and a dry run is
//! one that ends before the first statement.

use std::sync::Arc;

use annex_openapi::collections::{AdoptRequest, Collection, Plan};
use sqlx::{PgPool, PgTransaction};

use super::adoption;
use super::catalogue::{Catalogue, Snapshot};
use super::ddl::run;
use super::ddl::survey::{Subject, Survey};
use super::plan::{Planner, Settings, State, TableReference};
use super::store;
use crate::problem::Result;

/// A change on its way. Dropped before its end, nothing has happened.
pub(super) struct Session<'a> {
    pool: &'a PgPool,
    catalogue: &'a Catalogue,
    transaction: PgTransaction<'static>,
    /// The collections before the change.
    before: State,
    /// The collections as they are now, with what was adopted.
    pub(super) state: State,
}

impl<'a> Session<'a> {
    /// Begins a change, after any other that is under way.
    ///
    /// # Errors
    /// The database does not answer, or another change takes longer than 5 s.
    pub(super) async fn begin(pool: &'a PgPool, catalogue: &'a Catalogue) -> Result<Self> {
        let mut transaction = crate::db::begin(pool).await?;
        run::prepare(&mut transaction).await?;
        let before = State::of(&Snapshot::read_in(&mut transaction).await.map_err(run::refused)?);
        Ok(Self { pool, catalogue, transaction, state: before.clone(), before })
    }

    /// A planner, with a survey of what the change may lose.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn planner(&mut self, subjects: &[Subject]) -> Result<Planner> {
        let survey = Survey::take(&mut self.transaction, subjects).await?;
        Ok(Planner::new(self.before.clone(), self.state.clone(), survey))
    }

    /// The name of the collection that a table is.
    pub(super) fn collection_of(&self, table: &str) -> Option<&str> {
        let table = TableReference::parse(table).ok()?;
        let mut entries = self.state.entries.values().filter(|entry| !entry.built_in());
        let entry =
            entries.find(|entry| entry.origin.schema == table.schema && entry.origin.table == table.table);
        entry.map(|entry| entry.collection.name.as_str())
    }

    /// Takes a table in, so that what follows sees it as a collection; gives the collection's name.
    ///
    /// # Errors
    /// What is wrong with the request, or why the table cannot be served.
    pub(super) async fn adopt(&mut self, request: &AdoptRequest, pointer: &str) -> Result<String> {
        let (settings, already) =
            adoption::settings(&mut self.transaction, &self.state, request, pointer).await?;
        let name = settings.name.clone();
        if already {
            // Taken in before: only the settings may differ.
            let entry = self.state.entries.get_mut(&name).expect("it was looked up");
            entry.collection.rules = settings.rules;
            // The request names everything that is to be hidden.
            entry.lost.clear();
            for field in &mut entry.collection.fields {
                field.hidden = request.hidden.contains(&field.name);
            }
            return Ok(name);
        }
        store::put(&mut self.transaction, &settings).await?;
        let mut state = State::of(&Snapshot::read_in(&mut self.transaction).await.map_err(run::refused)?);
        let has_key = |state: &State| !state.entries[&name].collection.primary_key.is_empty();
        if !has_key(&state) && request.primary_key.is_some() {
            let settings = Settings { primary_key: request.primary_key.clone(), ..settings };
            store::put(&mut self.transaction, &settings).await?;
            state = State::of(&Snapshot::read_in(&mut self.transaction).await.map_err(run::refused)?);
        }
        adoption::check_columns(&state.entries[&name], pointer)?;
        // What was adopted or changed before in the same request stays so.
        for (other, entry) in &mut self.state.entries {
            if let Some(fresh) = state.entries.remove(other) {
                entry.collection.incoming = fresh.collection.incoming;
                for field in &mut entry.collection.fields {
                    if let Some(fresh) = fresh.collection.fields.iter().find(|fresh| fresh.name == field.name)
                    {
                        let hidden = field.hidden;
                        field.clone_from(fresh);
                        field.hidden = hidden;
                    }
                }
            }
        }
        self.state.entries.append(&mut state.entries);
        Ok(name)
    }

    /// How Postgres spells defaults, each a type and an expression.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn spell_defaults(&mut self, defaults: &[(String, String)]) -> Result<Vec<String>> {
        run::spell_defaults(&mut self.transaction, defaults).await
    }

    /// Does what was planned, or only tells it.
    ///
    /// # Errors
    /// What is wrong with the request, or why Postgres refuses it.
    pub(super) async fn finish(mut self, planner: Planner, dry_run: bool) -> Result<Plan> {
        let planned = planner.finish()?;
        let names: Vec<String> = planned.touched.clone();
        if dry_run {
            let collections =
                planned.after.collections().filter(|collection| names.contains(&collection.name));
            let collections = collections.cloned().collect();
            return Ok(Plan {
                applied: false,
                steps: planned.steps,
                settings: planned.settings,
                collections,
            });
        }
        run::run(&mut self.transaction, &planned.steps).await?;
        for name in &planned.forget {
            store::delete(&mut self.transaction, name).await?;
        }
        for settings in &planned.keep {
            store::put(&mut self.transaction, settings).await?;
        }
        self.transaction.commit().await?;
        let snapshot: Arc<Snapshot> = self.catalogue.refresh_now(self.pool).await?;
        let collections: Vec<Collection> =
            names.iter().filter_map(|name| Some(snapshot.table(name)?.collection.clone())).collect();
        Ok(Plan { applied: true, steps: planned.steps, settings: planned.settings, collections })
    }
}
