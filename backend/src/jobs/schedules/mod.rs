//! Jobs that are enqueued again and again, or at one time.
//!
//! Times follow the application's clock; a row lock makes one server of many enqueue, in the transaction that says when the next is due.

pub mod delete;
mod due;
pub mod get;
pub mod list;
pub mod replace;
pub mod run;
mod timing;
pub mod update;

use annex_openapi::jobs::JobCreate;
use annex_openapi::jobs::schedules::Schedule;
use time::OffsetDateTime;

use super::input::Faults;
use super::store::schedules::{self, ScheduleRow};
use crate::app::App;
use crate::extract::settings_tag;
use crate::problem::{Problem, Result};

pub use due::enqueue_due;
pub use timing::{InvalidTiming, Timing};

/// How many of its next times a schedule shows.
const SHOWN: usize = 5;
/// The longest period, in seconds: a year.
const LONGEST: i32 = 31_536_000;

fn no_schedule(name: &str) -> Problem {
    Problem::not_found(format_args!("schedule `{name}`"))
}

/// The schedule of that name, and the tag of its settings.
async fn read(app: &App, name: &str) -> Result<(Schedule, String)> {
    let row = schedules::list(&app.db.pool, Some(name), None, 1).await?.pop();
    let row = row.ok_or_else(|| no_schedule(name))?;
    let tag = tag(&row);
    Ok((shown(row), tag))
}

/// The tag of what can be set of a schedule.
fn tag(row: &ScheduleRow) -> String {
    let timing =
        (&row.cron, &row.time_zone, row.every_seconds, row.run_at.map(OffsetDateTime::unix_timestamp_nanos));
    settings_tag(&(&row.job, timing, &row.catch_up, row.paused))
}

/// The schedule as the API shows it.
fn shown(row: ScheduleRow) -> Schedule {
    let timing = Timing::of(&row);
    let mut schedule = Schedule::from(row);
    schedule.next_runs = schedule.next_at.into_iter().collect();
    if let (Some(next), Ok(timing)) = (schedule.next_at, timing) {
        schedule.next_runs.extend(timing.upcoming(next, SHOWN - 1));
    }
    schedule
}

/// Checks what a schedule is to enqueue.
fn check_job(faults: &mut Faults, job: &JobCreate) {
    faults.job("/job", job);
    let own = [
        ("run_at", job.run_at.is_some()),
        ("delay_seconds", job.delay_seconds.is_some()),
        ("deadline", job.deadline.is_some()),
    ];
    for (member, _) in own.into_iter().filter(|(_, is_there)| *is_there) {
        let detail = format!("`{member}` is not for the job of a schedule, which says when");
        faults.add(format!("/job/{member}"), "not_allowed", detail);
    }
}

/// Checks when a schedule is to be due.
fn check_timing(faults: &mut Faults, schedule: &ScheduleRow) {
    faults.text("", "cron", schedule.cron.as_deref(), 200);
    faults.text("", "time_zone", Some(&schedule.time_zone), 100);
    faults.bound("", "every_seconds", schedule.every_seconds, 1, LONGEST);
    if !faults.is_empty() {
        return;
    }
    let Err(error) = Timing::of(schedule) else { return };
    let (pointer, code) = match error {
        InvalidTiming::Cron(_) => ("/cron", "invalid"),
        InvalidTiming::TimeZone(_) => ("/time_zone", "invalid"),
        InvalidTiming::NotOne if schedule.cron.is_some() && schedule.every_seconds.is_some() => {
            ("/every_seconds", "not_allowed")
        }
        InvalidTiming::NotOne if schedule.run_at.is_some() => ("/run_at", "not_allowed"),
        InvalidTiming::NotOne => ("/cron", "required"),
    };
    faults.add(pointer, code, error.to_string());
}

/// Says when the schedule is due next, where it was `before` until now.
///
/// # Errors
/// `validation_failed` where that is never.
fn settle(schedule: &mut ScheduleRow, before: Option<&ScheduleRow>, now: OffsetDateTime) -> Result<()> {
    let said = |row: &ScheduleRow| (row.cron.clone(), row.time_zone.clone(), row.every_seconds, row.run_at);
    schedule.updated_at = now;
    schedule.began_at = match before {
        Some(before) if before.every_seconds == schedule.every_seconds => before.began_at,
        _ => now,
    };
    let is_same = before.is_some_and(|before| said(before) == said(schedule));
    schedule.next_at = match before {
        _ if schedule.paused => None,
        // What is due, or was missed while no server ran, is still to come.
        Some(before) if is_same && !before.paused => before.next_at,
        _ => Timing::of(schedule).map_err(Problem::internal)?.after(now),
    };
    if is_same || Timing::of(schedule).map_err(Problem::internal)?.after(now).is_some() {
        return Ok(());
    }
    let mut faults = Faults::default();
    match schedule.run_at {
        Some(_) => faults.add("/run_at", "out_of_range", "`run_at` must be ahead"),
        None => faults.add("/cron", "invalid", "no time ever is as this cron expression says"),
    }
    faults.check()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn row(cron: Option<&str>, every_seconds: Option<i32>, run_at: Option<OffsetDateTime>) -> ScheduleRow {
        ScheduleRow {
            name: "a".to_owned(),
            job: serde_json::json!({"kind": "a"}),
            cron: cron.map(str::to_owned),
            time_zone: "UTC".to_owned(),
            every_seconds,
            run_at,
            catch_up: "last".to_owned(),
            paused: false,
            next_at: None,
            last_at: None,
            last_job_id: None,
            created_by: None,
            began_at: NOW,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn what_is_said_again_begins_nothing_anew() {
        let later = NOW + time::Duration::minutes(50);
        let mut hourly = row(None, Some(3600), None);
        settle(&mut hourly, None, NOW).unwrap();
        assert_eq!(hourly.next_at, Some(datetime!(2026-01-01 13:00 UTC)));
        let mut again = row(None, Some(3600), None);
        settle(&mut again, Some(&hourly), later).unwrap();
        assert_eq!((again.next_at, again.began_at), (hourly.next_at, NOW));
        // Also not where it is due by now.
        settle(&mut again, Some(&hourly), NOW + time::Duration::hours(5)).unwrap();
        assert_eq!(again.next_at, hourly.next_at);
        let mut faster = row(None, Some(1800), None);
        settle(&mut faster, Some(&hourly), later).unwrap();
        assert_eq!(faster.next_at, Some(datetime!(2026-01-01 13:20 UTC)));
    }

    #[test]
    fn what_rests_is_not_due_and_misses_what_went_by() {
        let mut resting = row(Some("0 * * * *"), None, None);
        resting.paused = true;
        settle(&mut resting, None, NOW).unwrap();
        assert_eq!(resting.next_at, None);
        assert!(shown(resting.clone()).next_runs.is_empty());
        let mut on = row(Some("0 * * * *"), None, None);
        settle(&mut on, Some(&resting), NOW + time::Duration::minutes(150)).unwrap();
        assert_eq!(on.next_at, Some(datetime!(2026-01-01 15:00 UTC)));
        let runs = shown(on).next_runs;
        assert_eq!((runs.len(), runs[0]), (5, datetime!(2026-01-01 15:00 UTC)));
        assert_eq!(runs[4], datetime!(2026-01-01 19:00 UTC));
    }

    #[test]
    fn what_never_comes_is_refused_unless_it_was_there_before() {
        let past = Some(NOW - time::Duration::minutes(1));
        for mut never in [row(None, None, past), row(Some("0 0 30 2 *"), None, None)] {
            assert!(settle(&mut never, None, NOW).is_err());
            never.paused = true;
            assert!(settle(&mut never, None, NOW).is_err());
            let before = never.clone();
            assert!(settle(&mut never, Some(&before), NOW).is_ok());
        }
    }
}
