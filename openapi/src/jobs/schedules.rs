//! Schedules: jobs that are enqueued again and again, or at one time.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::JobCreate;
use crate::collections::given;

/// What becomes of times that went by while no server ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Nothing.
    None,
    /// One job, for the last of them.
    #[default]
    Last,
    /// A job for each.
    All,
}

impl CatchUp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Last, Self::All];

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Last => "last",
            Self::All => "all",
        }
    }
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// Its name.
    #[schema(example = "nightly")]
    pub name: String,
    /// What it enqueues.
    pub job: JobCreate,
    /// When, as cron says.
    #[schema(example = "30 4 * * MON-FRI")]
    pub cron: Option<String>,
    /// Where the clocks hang that `cron` goes by.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: String,
    /// Or always after so many seconds, from when that was said.
    #[schema(example = 3600)]
    pub every_seconds: Option<u32>,
    /// Or once.
    #[serde(with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
    /// What becomes of times that went by while no server ran.
    pub catch_up: CatchUp,
    /// Whether it rests.
    pub paused: bool,
    /// When it enqueues next; null where it is paused or over.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_at: Option<OffsetDateTime>,
    /// That and the four times after it.
    #[schema(value_type = Vec<String>, format = DateTime, example = json!(["2026-01-05T03:30:00Z"]))]
    #[serde(with = "times")]
    pub next_runs: Vec<OffsetDateTime>,
    /// The time for which it enqueued last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_at: Option<OffsetDateTime>,
    /// The job that it enqueued last. Jobs that ended long ago are gone.
    pub last_job_id: Option<Uuid>,
    /// The account that made it.
    pub created_by: Option<Uuid>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// How a schedule is to be. Exactly one of `cron`, `every_seconds` and `run_at` says when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleReplace {
    /// What it enqueues, without `run_at`, `delay_seconds` and `deadline`. With `unique_key` there is no job while the one before has not
    /// ended.
    pub job: JobCreate,
    /// Minute, hour, day of the month, month and day of the week, with or without seconds before them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "30 4 * * MON-FRI")]
    pub cron: Option<String>,
    /// Where the clocks hang that `cron` goes by, as the IANA database calls it; `UTC` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Europe/Vienna")]
    pub time_zone: Option<String>,
    /// Always after so many seconds, from now, or from when the same was said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 31_536_000, example = 3600)]
    pub every_seconds: Option<u32>,
    /// Once, at a time that is ahead.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
    /// What becomes of times that went by while no server ran; `last` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// Whether it rests; false by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// A change of a schedule: what is left out stays as it is. Exactly one of `cron`, `every_seconds` and `run_at` must be left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleUpdate {
    /// What it enqueues, as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobCreate>,
    /// When, as cron says; null for not so.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200, example = "30 4 * * MON-FRI")]
    pub cron: Option<Option<String>>,
    /// Where the clocks hang that `cron` goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Europe/Vienna")]
    pub time_zone: Option<String>,
    /// Always after so many seconds, from now; null for not so.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 31_536_000, example = 3600)]
    pub every_seconds: Option<Option<u32>>,
    /// Once, at a time that is ahead; null for not so.
    #[serde(default, with = "given_time", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-05T03:30:00Z")]
    pub run_at: Option<Option<OffsetDateTime>>,
    /// What becomes of times that went by while no server ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// Whether it rests. When it goes on, what it missed meanwhile stays missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// One page of schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SchedulePage {
    /// The schedules of this page, by name.
    pub items: Vec<Schedule>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A list of times.
mod times {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use time::OffsetDateTime;

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

    pub fn serialize<S: Serializer>(times: &[OffsetDateTime], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(times.iter().map(|time| Time(*time)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OffsetDateTime>, D::Error> {
        Ok(Vec::<Time>::deserialize(deserializer)?.into_iter().map(|Time(time)| time).collect())
    }
}

/// A time that may be given as null.
mod given_time {
    use serde::{Deserializer, Serializer};
    use time::OffsetDateTime;
    use time::serde::rfc3339::option;

    pub fn serialize<S: Serializer>(
        value: &Option<Option<OffsetDateTime>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        option::serialize(&value.flatten(), serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<OffsetDateTime>>, D::Error> {
        option::deserialize(deserializer).map(Some)
    }
}
