//! Enqueues what is due.

use std::time::Duration;

use sqlx::Acquire;
use time::OffsetDateTime;

use super::Timing;
use crate::app::App;
use crate::jobs::store::schedules::{self, ScheduleRow};

/// A time that is later than this was missed; before, no server could have been faster.
const LATE: Duration = Duration::from_secs(60);
/// How many times that went by are caught up with in one transaction.
const MOST: usize = 500;

/// Enqueues the jobs of schedules that are due, each once, whoever else looks. Returns how long it is to the next; `None` where there is none.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue_due(app: &App) -> sqlx::Result<Option<Duration>> {
    let now = app.clock.now();
    let next = match schedules::first(&app.db.pool).await? {
        Some(first) if first <= now => {
            enqueue_all(app, now).await?;
            schedules::first(&app.db.pool).await?
        }
        first => first,
    };
    Ok(next.map(|next| (next - app.clock.now()).try_into().unwrap_or(Duration::ZERO)))
}

async fn enqueue_all(app: &App, now: OffsetDateTime) -> sqlx::Result<()> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    for schedule in schedules::due(&mut *transaction, now).await? {
        let (times, next) = match Timing::of(&schedule) {
            Ok(timing) => times(&schedule, &timing, now),
            Err(error) => {
                tracing::error!(%error, schedule = schedule.name, "a schedule cannot be understood; it has no next time");
                (Vec::new(), None)
            }
        };
        // A job that cannot be enqueued must not hold the others up.
        let mut step = transaction.begin().await?;
        match schedules::enqueue(&mut step, &schedule, &times, next).await {
            Ok(()) => step.commit().await?,
            Err(error) if error.as_database_error().is_some() => {
                tracing::error!(%error, schedule = schedule.name, "the job of a schedule cannot be enqueued");
                step.rollback().await?;
                schedules::enqueue(&mut transaction, &schedule, &[], next).await?;
            }
            Err(error) => return Err(error),
        }
    }
    transaction.commit().await
}

/// The times for which a job is enqueued now, and when to look again.
fn times(
    schedule: &ScheduleRow,
    timing: &Timing,
    now: OffsetDateTime,
) -> (Vec<OffsetDateTime>, Option<OffsetDateTime>) {
    let first = schedule.next_at.unwrap_or(now);
    if schedule.catch_up == "all" {
        let mut missed = Vec::new();
        let mut next = Some(first);
        while let Some(at) = next.filter(|at| *at <= now && missed.len() < MOST) {
            missed.push(at);
            next = timing.after(at);
        }
        return (missed, next);
    }
    let last = last_before(first, timing, now);
    let is_missed = now - last > LATE;
    let times = if schedule.catch_up == "none" && is_missed { Vec::new() } else { vec![last] };
    (times, timing.after(now))
}

/// The last time that is not after now, of which `first` is one.
fn last_before(first: OffsetDateTime, timing: &Timing, now: OffsetDateTime) -> OffsetDateTime {
    // By halves, for there may be millions between.
    let (mut known, mut until) = (first, now);
    while until > known {
        let middle = known + (until - known) / 2;
        match timing.after(middle).filter(|at| *at <= now) {
            Some(at) => known = at,
            None if middle == known => break,
            None => until = middle,
        }
        if (until - known) < time::Duration::seconds(1) {
            break;
        }
    }
    std::iter::successors(Some(known), |at| timing.after(*at).filter(|at| *at <= now)).last().unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn due(catch_up: &str) -> ScheduleRow {
        ScheduleRow {
            name: "hourly".to_owned(),
            job: serde_json::json!({"kind": "test"}),
            cron: Some("0 * * * *".to_owned()),
            time_zone: "UTC".to_owned(),
            every_seconds: None,
            run_at: None,
            catch_up: catch_up.to_owned(),
            paused: false,
            next_at: Some(datetime!(2026-01-01 01:00 UTC)),
            last_at: None,
            last_job_id: None,
            created_by: None,
            began_at: datetime!(2026-01-01 00:30 UTC),
            created_at: datetime!(2026-01-01 00:30 UTC),
            updated_at: datetime!(2026-01-01 00:30 UTC),
        }
    }

    fn at(catch_up: &str, now: OffsetDateTime) -> (Vec<OffsetDateTime>, Option<OffsetDateTime>) {
        let timing = Timing::parse(Some("0 * * * *"), "UTC", None, None, OffsetDateTime::UNIX_EPOCH)
            .expect("it is cron");
        times(&due(catch_up), &timing, now)
    }

    #[test]
    fn in_time_it_is_once_for_every_policy() {
        for catch_up in ["none", "last", "all"] {
            let (times, next) = at(catch_up, datetime!(2026-01-01 01:00:01 UTC));
            assert_eq!(times, [datetime!(2026-01-01 01:00 UTC)], "{catch_up}");
            assert_eq!(next, Some(datetime!(2026-01-01 02:00 UTC)), "{catch_up}");
        }
    }

    #[test]
    fn what_was_missed_is_caught_up_with_as_the_policy_says() {
        let now = datetime!(2026-01-01 05:30 UTC);
        assert_eq!(at("none", now), (vec![], Some(datetime!(2026-01-01 06:00 UTC))));
        assert_eq!(
            at("last", now),
            (vec![datetime!(2026-01-01 05:00 UTC)], Some(datetime!(2026-01-01 06:00 UTC)))
        );
        let (times, next) = at("all", now);
        assert_eq!((times.len(), next), (5, Some(datetime!(2026-01-01 06:00 UTC))));
    }

    #[test]
    fn years_that_went_by_are_soon_looked_through() {
        let (times, _) = at("last", datetime!(2036-01-01 05:30 UTC));
        assert_eq!(times, [datetime!(2036-01-01 05:00 UTC)]);
        let (times, next) = at("all", datetime!(2036-01-01 05:30 UTC));
        assert_eq!(times.len(), MOST);
        assert!(next.is_some_and(|next| next < datetime!(2027-01-01 00:00 UTC)));
    }
}
