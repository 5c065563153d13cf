//! What is done to all jobs that a filter means, in portions.

use annex_openapi::jobs::{JobFilter, JobState};
use uuid::Uuid;

use super::filter;
use super::patience::patiently;
use super::store::{self, jobs};
use crate::app::App;
use crate::problem::Result;

/// How many jobs one transaction changes.
const PORTION: i64 = 500;

/// Does `work` with the ids of all jobs that the filter means and that stand in one of those states. How many that were, as `work` counts.
///
/// # Errors
/// Those of the filter and of `work`.
pub async fn run(
    app: &App,
    filter: &JobFilter,
    states: &[JobState],
    work: impl AsyncFn(&[Uuid]) -> sqlx::Result<i64>,
) -> Result<u64> {
    filter::check(filter)?;
    let states: Vec<JobState> =
        states.iter().copied().filter(|one| filter.state.is_none_or(|state| state == *one)).collect();
    if states.is_empty() {
        return Ok(0);
    }
    let (mut total, mut after) = (0, None);
    loop {
        let ids = patiently(async || {
            // One that moves on from place to place while they are looked through is passed over by none.
            let mut transaction =
                app.db.pool.begin_with("begin isolation level repeatable read read only").await?;
            jobs::take_time(&mut transaction).await?;
            let ids = store::matching(&mut transaction, filter, Some(&states), after, PORTION).await?;
            transaction.rollback().await?;
            Ok::<_, sqlx::Error>(ids)
        })
        .await?;
        let Some(last) = ids.last() else { return Ok(total) };
        after = Some(*last);
        total += patiently(async || work(&ids).await).await?.unsigned_abs();
    }
}
