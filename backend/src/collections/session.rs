//! One change of collections, from the plan to the commit: everything happens in one transaction, and a dry run is
//! one that ends before the first statement.

use std::sync::Arc;

use annex_openapi::collections::{Collection, Plan};
use sqlx::{PgTransaction, Postgres, Transaction};

use super::catalogue::Snapshot;
use super::ddl::run;
use super::ddl::survey::{Subject, Survey};
use super::plan::{Planner, State};
use super::store;
use crate::app::App;
use crate::problem::Result;

/// A change on its way. Dropped before its end, nothing has happened.
pub(super) struct Session<'app> {
    app: &'app App,
    transaction: PgTransaction<'static>,
    /// The collections before the change.
    before: State,
    /// The collections as they are now, with what was adopted.
    pub(super) state: State,
}

impl<'app> Session<'app> {
    /// Begins a change, after any other that is under way.
    ///
    /// # Errors
    /// The database does not answer, or another change takes longer than 5 s.
    pub(super) async fn begin(app: &'app App) -> Result<Self> {
        let mut transaction: Transaction<'static, Postgres> = app.db.pool.begin().await?;
        run::prepare(&mut transaction).await?;
        let before = State::of(&Snapshot::read_in(&mut transaction).await?);
        Ok(Self { app, transaction, state: before.clone(), before })
    }

    /// A planner, with a survey of what the change may lose.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn planner(&mut self, subjects: &[Subject]) -> Result<Planner> {
        let survey = Survey::take(&mut self.transaction, subjects).await?;
        Ok(Planner::new(self.before.clone(), self.state.clone(), survey))
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
        let snapshot: Arc<Snapshot> = self.app.catalogue.refresh_now(&self.app.db.pool).await?;
        let collections: Vec<Collection> =
            names.iter().filter_map(|name| Some(snapshot.table(name)?.collection.clone())).collect();
        Ok(Plan { applied: true, steps: planned.steps, settings: planned.settings, collections })
    }
}
