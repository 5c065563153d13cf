//! When a schedule is due.

use croner::Cron;
use croner::parser::{CronParser, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use time::{Duration, OffsetDateTime};

use crate::jobs::store::schedules::ScheduleRow;

/// The fields of a cron expression without seconds, and what may stand there.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31"),
    ("month", "1-12 or JAN-DEC"),
    ("day of the week", "0-7 or SUN-SAT"),
];

/// When a schedule is due.
#[derive(Debug, Clone)]
pub enum Timing {
    /// As cron says, by the clocks on the walls there: a time that a change of the clocks leaves out comes right after the change, and one
    /// that comes twice counts once, unless the minute or the hour is any.
    Cron(Box<Cron>, TimeZone),
    /// Always after the same time, from the one when it began.
    Every(Duration, OffsetDateTime),
    /// Once.
    Once(OffsetDateTime),
}

/// Why a timing is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTiming {
    /// Not a cron expression.
    #[error("not a cron expression such as `30 4 * * MON-FRI`: {0}")]
    Cron(String),
    /// No such time zone.
    #[error("`{0}` is not a time zone such as `Europe/Vienna` or `UTC`")]
    TimeZone(String),
    /// None of the ways, or several.
    #[error("exactly one of `cron`, `every_seconds` and `run_at` says when")]
    NotOne,
}

impl Timing {
    /// The timing that a schedule says it has; `began` is when one with `every_seconds` began.
    ///
    /// # Errors
    /// It cannot be understood.
    pub fn parse(
        cron: Option<&str>,
        time_zone: &str,
        every_seconds: Option<i32>,
        run_at: Option<OffsetDateTime>,
        began: OffsetDateTime,
    ) -> Result<Self, InvalidTiming> {
        let zone = TimeZone::get(time_zone).map_err(|_| InvalidTiming::TimeZone(time_zone.to_owned()))?;
        match (cron, every_seconds, run_at) {
            (Some(text), None, None) => {
                let cron = parse_cron(text).ok_or_else(|| InvalidTiming::Cron(wrong_field(text)))?;
                Ok(Self::Cron(Box::new(cron), zone))
            }
            (None, Some(seconds), None) => Ok(Self::Every(Duration::seconds(seconds.max(1).into()), began)),
            (None, None, Some(at)) => Ok(Self::Once(at)),
            _ => Err(InvalidTiming::NotOne),
        }
    }

    /// The timing that a schedule is kept with.
    ///
    /// # Errors
    /// It cannot be understood.
    pub fn of(schedule: &ScheduleRow) -> Result<Self, InvalidTiming> {
        Self::parse(
            schedule.cron.as_deref(),
            &schedule.time_zone,
            schedule.every_seconds,
            schedule.run_at,
            schedule.began_at,
        )
    }

    /// The first time after that; `None` where there is none.
    pub fn after(&self, moment: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Cron(cron, zone) => {
                let from = Timestamp::from_second(moment.unix_timestamp()).ok()?;
                let next: Zoned = cron.find_next_occurrence(&from.to_zoned(zone.clone()), false).ok()?;
                OffsetDateTime::from_unix_timestamp(next.timestamp().as_second()).ok()
            }
            Self::Every(period, began) => {
                let passed = (moment - *began).max(Duration::ZERO);
                let times = passed.whole_seconds().div_euclid(period.whole_seconds()) + 1;
                began.checked_add(Duration::seconds(times.checked_mul(period.whole_seconds())?))
            }
            Self::Once(at) => (*at > moment).then_some(*at),
        }
    }

    /// The next `count` times after that.
    pub fn upcoming(&self, moment: OffsetDateTime, count: usize) -> Vec<OffsetDateTime> {
        std::iter::successors(self.after(moment), |last| self.after(*last)).take(count).collect()
    }
}

fn parse_cron(text: &str) -> Option<Cron> {
    CronParser::builder().year(Year::Disallowed).build().parse(text).ok()
}

/// In a sentence, what is wrong with an expression that is none.
fn wrong_field(text: &str) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let fields: Vec<_> = match parts.len() {
        5 => FIELDS.to_vec(),
        6 => [("second", "0-59")].into_iter().chain(FIELDS).collect(),
        count => {
            return format!(
                "it has {count} fields, not minute, hour, day of the month, month and day of the week, with or without seconds before them"
            );
        }
    };
    let wrong = parts.iter().zip(fields).enumerate().find(|(index, (part, _))| {
        let mut alone = vec!["*"; parts.len()];
        alone[*index] = part;
        parse_cron(&alone.join(" ")).is_none()
    });
    match wrong {
        Some((_, (part, (field, range)))) => {
            format!("`{part}` cannot be the {field}, which goes by {range}, `*`, lists, ranges and `/` steps")
        }
        None => "its fields do not go together".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn cron(text: &str, zone: &str) -> Timing {
        Timing::parse(Some(text), zone, None, None, OffsetDateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn cron_follows_the_clocks_on_the_walls() {
        let every_morning = cron("30 9 * * *", "Europe/Vienna");
        // The clocks go forward on 2026-03-29, and back on 2026-10-25.
        let times = every_morning.upcoming(datetime!(2026-03-28 00:00 UTC), 2);
        assert_eq!(times, [datetime!(2026-03-28 08:30 UTC), datetime!(2026-03-29 07:30 UTC)]);
        let times = every_morning.upcoming(datetime!(2026-10-24 00:00 UTC), 2);
        assert_eq!(times, [datetime!(2026-10-24 07:30 UTC), datetime!(2026-10-25 08:30 UTC)]);
    }

    #[test]
    fn a_time_that_is_left_out_comes_right_after_and_one_that_comes_twice_counts_once() {
        let left_out = cron("30 2 * * *", "Europe/Vienna").upcoming(datetime!(2026-03-28 12:00 UTC), 2);
        assert_eq!(left_out, [datetime!(2026-03-29 01:00 UTC), datetime!(2026-03-30 00:30 UTC)]);
        let twice = cron("30 2 * * *", "Europe/Vienna").upcoming(datetime!(2026-10-24 12:00 UTC), 2);
        assert_eq!(twice, [datetime!(2026-10-25 00:30 UTC), datetime!(2026-10-26 01:30 UTC)]);
        let hourly = cron("0 * * * *", "Europe/Vienna").upcoming(datetime!(2026-10-25 00:00 UTC), 3);
        assert_eq!(
            hourly,
            [
                datetime!(2026-10-25 01:00 UTC),
                datetime!(2026-10-25 02:00 UTC),
                datetime!(2026-10-25 03:00 UTC)
            ]
        );
    }

    #[test]
    fn a_period_is_counted_from_when_it_began() {
        let began = datetime!(2026-01-01 00:00:07 UTC);
        let timing = Timing::parse(None, "UTC", Some(90), None, began).unwrap();
        assert_eq!(timing.after(began), Some(datetime!(2026-01-01 00:01:37 UTC)));
        assert_eq!(
            timing.after(datetime!(2026-01-01 00:01:37 UTC)),
            Some(datetime!(2026-01-01 00:03:07 UTC))
        );
        assert_eq!(timing.after(datetime!(2025-01-01 00:00 UTC)), Some(datetime!(2026-01-01 00:01:37 UTC)));
    }

    #[test]
    fn once_is_once() {
        let at = datetime!(2026-01-01 12:00 UTC);
        let timing = Timing::parse(None, "UTC", None, Some(at), at).unwrap();
        assert_eq!(timing.upcoming(datetime!(2025-01-01 00:00 UTC), 5), [at]);
        assert_eq!(timing.after(at), None);
    }

    #[test]
    fn what_is_no_timing_is_told() {
        let parse = |cron, zone, every| {
            Timing::parse(cron, zone, every, None, OffsetDateTime::UNIX_EPOCH).unwrap_err()
        };
        for (cron, wrong) in [
            ("61 * * * *", "`61` cannot be the minute,"),
            ("* 9-25 * * *", "`9-25` cannot be the hour,"),
            ("*/0 * * * *", "`*/0` cannot be the minute,"),
            ("60 * * * * *", "`60` cannot be the second,"),
            ("0 0 * * MUN", "`MUN` cannot be the day of the week,"),
            ("0 0 32 * *", "`32` cannot be the day of the month,"),
            ("0 0 1 Jänner *", "`Jänner` cannot be the month,"),
            ("0 0 * *", "it has 4 fields,"),
            ("0 0 0 1 1 * 2030", "it has 7 fields,"),
            ("@sometimes", "it has 1 fields,"),
            ("", "it has 0 fields,"),
        ] {
            let told = parse(Some(cron), "UTC", None).to_string();
            assert!(told.contains(wrong), "{cron}: {told}");
        }
        assert!(matches!(cron("@daily", "UTC"), Timing::Cron(..)));
        assert!(matches!(parse(Some("* * * * *"), "Mars/Olympus", None), InvalidTiming::TimeZone(_)));
        assert_eq!(parse(Some("* * * * *"), "UTC", Some(5)), InvalidTiming::NotOne);
        assert_eq!(parse(None, "UTC", None), InvalidTiming::NotOne);
        // The thirtieth of February never comes.
        let never = Timing::parse(Some("0 0 30 2 *"), "UTC", None, None, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(never.ok().and_then(|never| never.after(datetime!(2026-01-01 00:00 UTC))), None);
    }
}
