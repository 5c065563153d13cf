//! A schedule as it is being written.

use annex_openapi::jobs::JobCreate;
use annex_openapi::jobs::schedules::{CatchUp, Schedule, ScheduleReplace, ScheduleUpdate};
use leptos::prelude::*;
use serde_json::{Map, Value};

use super::words;
use crate::{browser, format, json};

/// How it is said when a schedule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As cron says.
    Cron,
    /// Always after the same time.
    Every,
    /// One time.
    Once,
}

/// The fields of a schedule's form.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What is to be done.
    pub kind: RwSignal<String>,
    /// What it is done with, as JSON.
    pub args: RwSignal<String>,
    /// The line that the jobs wait in; nothing for the kind's own.
    pub queue: RwSignal<String>,
    /// Whether there is no job while the one before has not ended.
    pub alone: RwSignal<bool>,
    /// Which of the fields below count.
    pub way: RwSignal<Way>,
    /// The expression.
    pub cron: RwSignal<String>,
    /// Where its clocks hang.
    pub time_zone: RwSignal<String>,
    /// How many units a period has.
    pub number: RwSignal<String>,
    /// The seconds of the unit.
    pub unit: RwSignal<String>,
    /// The one time, by the clocks where the browser is.
    pub at: RwSignal<String>,
    /// What becomes of missed times.
    pub catch_up: RwSignal<String>,
    /// What was there before: what has no field of its own stays.
    before: StoredValue<Option<Schedule>>,
}

impl Draft {
    /// A new schedule: each morning, where the browser is.
    pub fn empty() -> Self {
        Self {
            kind: RwSignal::default(),
            args: RwSignal::new("{}".to_owned()),
            queue: RwSignal::default(),
            alone: RwSignal::new(false),
            way: RwSignal::new(Way::Cron),
            cron: RwSignal::new("0 6 * * *".to_owned()),
            time_zone: RwSignal::new(browser::time_zone()),
            number: RwSignal::new("1".to_owned()),
            unit: RwSignal::new("3600".to_owned()),
            at: RwSignal::new(format::input_of(format::now() + time::Duration::hours(1))),
            catch_up: RwSignal::new(CatchUp::default().as_str().to_owned()),
            before: StoredValue::new(None),
        }
    }

    /// A schedule as it is.
    pub fn of(schedule: &Schedule) -> Self {
        let draft = Self::empty();
        let args = Value::Object(schedule.job.args.clone().unwrap_or_default());
        draft.kind.set(schedule.job.kind.clone());
        draft.args.set(json::indented(&args.to_string()));
        draft.queue.set(schedule.job.queue.clone().unwrap_or_default());
        draft.alone.set(schedule.job.unique_key.is_some());
        draft.time_zone.set(schedule.time_zone.clone());
        draft.catch_up.set(schedule.catch_up.as_str().to_owned());
        if let Some(cron) = &schedule.cron {
            draft.cron.set(cron.clone());
        }
        if let Some(seconds) = schedule.every_seconds {
            let (number, unit) = words::units(seconds);
            draft.way.set(Way::Every);
            draft.number.set(number.to_string());
            draft.unit.set(unit.to_string());
        }
        if let Some(at) = schedule.run_at {
            draft.way.set(Way::Once);
            draft.at.set(format::input_of(at));
        }
        draft.before.set_value(Some(schedule.clone()));
        draft
    }

    /// The schedule as it is written; `None` where that cannot be read. `name` is what it is called.
    pub fn read(self, name: &str) -> Option<ScheduleReplace> {
        let before = self.before.get_value();
        let args = self.args.with(|text| args(text))?;
        let mut job = before.as_ref().map(|before| before.job.clone()).unwrap_or_default();
        job.kind = self.kind.with(|kind| filled(kind))?;
        job.args = (!args.is_empty() || job.args.is_some()).then_some(args);
        job.queue = self.queue.with(|queue| filled(queue));
        let key = job.unique_key.take().unwrap_or_else(|| name.to_owned());
        job.unique_key = self.alone.get().then_some(key);
        if job.unique_key.is_none() {
            job.unique_seconds = None;
        }
        let way = self.way.get();
        let run_at = self.at.with(|text| {
            // A field has no parts of seconds.
            let kept =
                before.as_ref().and_then(|before| before.run_at).filter(|at| format::input_of(*at) == *text);
            kept.or_else(|| format::of_input(text))
        });
        let schedule = ScheduleReplace {
            job,
            cron: (way == Way::Cron).then(|| self.cron.with(|cron| filled(cron))).flatten(),
            time_zone: self.time_zone.with(|zone| filled(zone)),
            every_seconds: (way == Way::Every).then(|| self.period()).flatten(),
            run_at: run_at.filter(|_| way == Way::Once),
            catch_up: CatchUp::ALL
                .into_iter()
                .find(|way| self.catch_up.with(|chosen| chosen == way.as_str())),
            paused: None,
        };
        let is_said =
            schedule.cron.is_some() || schedule.every_seconds.is_some() || schedule.run_at.is_some();
        is_said.then_some(schedule)
    }

    /// When it would be due, with a job that stands for any.
    pub fn timing(self) -> Option<ScheduleReplace> {
        let way = self.way.get();
        let run_at = (way == Way::Once).then(|| self.at.with(|text| format::of_input(text)));
        let timing = ScheduleReplace {
            job: JobCreate { kind: "preview".to_owned(), ..JobCreate::default() },
            cron: (way == Way::Cron).then(|| self.cron.with(|cron| filled(cron))).flatten(),
            time_zone: self.time_zone.with(|zone| filled(zone)),
            every_seconds: (way == Way::Every).then(|| self.period()).flatten(),
            run_at: run_at.flatten(),
            ..ScheduleReplace::default()
        };
        let is_said = timing.cron.is_some() || timing.every_seconds.is_some() || timing.run_at.is_some();
        is_said.then_some(timing)
    }

    fn period(self) -> Option<u32> {
        let unit: u32 = self.unit.with(|unit| unit.parse().ok())?;
        let number: u32 = self.number.with(|number| number.trim().parse().ok())?;
        number.checked_mul(unit).filter(|seconds| *seconds > 0)
    }
}

/// What makes the schedule so, but for whether it rests.
pub fn change(schedule: ScheduleReplace) -> ScheduleUpdate {
    ScheduleUpdate {
        job: Some(schedule.job),
        cron: Some(schedule.cron),
        time_zone: schedule.time_zone,
        every_seconds: Some(schedule.every_seconds),
        run_at: Some(schedule.run_at),
        catch_up: schedule.catch_up,
        paused: None,
    }
}

/// Why that cannot be a schedule's name.
pub fn name_mistake(name: &str) -> Option<&'static str> {
    let is_name = name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'));
    (!is_name).then_some("Up to 63 of a-z, 0-9, _, . and -, with a letter first")
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Arguments that are written; nothing for none.
fn args(text: &str) -> Option<Map<String, Value>> {
    if text.trim().is_empty() { Some(Map::new()) } else { serde_json::from_str(text).ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_arguments_are_checked_while_they_are_written() {
        assert!(["nightly", "a-b_c.1"].into_iter().all(|name| name_mistake(name).is_none()));
        assert!(["", "Nightly", "1st", "a b", "ä"].into_iter().all(|name| name_mistake(name).is_some()));
        assert!(name_mistake(&"a".repeat(64)).is_some());
        assert_eq!((args(" "), args("[1]"), args("{")), (Some(Map::new()), None, None));
    }

    #[test]
    fn a_change_says_all_ways_so_that_one_is_left() {
        let schedule = ScheduleReplace {
            job: JobCreate { kind: "a".to_owned(), ..JobCreate::default() },
            every_seconds: Some(5),
            ..ScheduleReplace::default()
        };
        let expected = json!({"job": {"kind": "a"}, "cron": null, "every_seconds": 5, "run_at": null});
        assert_eq!(json!(change(schedule)), expected);
    }
}
