//! When a schedule is due, as people say it.

use annex_openapi::jobs::schedules::Schedule;

use crate::format;

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// When it is due, in a few words.
pub fn timing(schedule: &Schedule) -> String {
    match (&schedule.cron, schedule.every_seconds, schedule.run_at) {
        (Some(text), _, _) => cron(text).unwrap_or_else(|| text.clone()),
        (_, Some(seconds), _) => format!("Every {}", period(seconds)),
        (_, _, Some(at)) => format!("Once, at {}", format::local(at)),
        _ => "Never".to_owned(),
    }
}

/// The units that a period is said in: how many seconds one has, what one and what many are called.
pub const UNITS: [(u32, &str, &str); 4] =
    [(86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds")];

/// How many of the largest unit that fits a period is: the number, and the unit's seconds.
pub fn units(seconds: u32) -> (u32, u32) {
    let unit =
        UNITS.into_iter().find(|(unit, ..)| seconds.is_multiple_of(*unit)).map_or(1, |(unit, ..)| unit);
    (seconds / unit, unit)
}

fn period(seconds: u32) -> String {
    let (number, unit) = units(seconds);
    let (_, one, many) = UNITS.into_iter().find(|(own, ..)| *own == unit).unwrap_or((1, "second", "seconds"));
    if number == 1 { one.to_owned() } else { format!("{} {many}", format::count(i64::from(number))) }
}

/// What a cron expression says, where it is one of the usual ones.
pub fn cron(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, "*", weekday] = fields[..] else { return None };
    let days = match (day, weekday) {
        ("*", "*") => None,
        ("*", weekday) => Some(weekdays(weekday)?),
        (day, "*") => Some(format!("On day {} of every month", number(day, 1, 31)?)),
        _ => return None,
    };
    let at = match (minute, number(minute, 0, 59), hour, number(hour, 0, 23)) {
        (_, Some(minute), _, Some(hour)) => {
            let days = days.unwrap_or_else(|| "Every day".to_owned());
            return Some(format!("{days} at {hour:02}:{minute:02}"));
        }
        ("*", _, "*", _) => "every minute".to_owned(),
        (minute, None, "*", _) => format!("every {} minutes", step(minute, 60)?),
        (_, Some(minute), "*", _) => format!("every hour at {minute} min"),
        (_, Some(minute), hour, _) => {
            let step = step(hour, 24)?;
            if minute == 0 {
                format!("every {step} hours")
            } else {
                format!("every {step} hours at {minute} min")
            }
        }
        _ => return None,
    };
    let mut said = days.map_or_else(|| at.clone(), |days| format!("{days}, {at}"));
    let first = said.remove(0).to_ascii_uppercase();
    Some(format!("{first}{said}"))
}

fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// A step that parts the whole evenly: others begin anew with each whole.
fn step(text: &str, whole: u32) -> Option<u32> {
    text.strip_prefix("*/")?.parse().ok().filter(|step| *step > 1 && whole.is_multiple_of(*step))
}

fn weekday(text: &str) -> Option<&'static str> {
    let by_name =
        || WEEKDAYS.into_iter().find(|name| text.len() == 3 && name[..3].eq_ignore_ascii_case(text));
    match number(text, 0, 7) {
        Some(number) => WEEKDAYS.get(number as usize % 7).copied(),
        None => by_name(),
    }
}

fn weekdays(text: &str) -> Option<String> {
    if let Some((first, last)) = text.split_once('-') {
        return Some(format!("{} to {}", weekday(first)?, weekday(last)?));
    }
    let days: Option<Vec<_>> = text.split(',').map(weekday).collect();
    match &days?[..] {
        [only] => Some(format!("Every {only}")),
        [rest @ .., last] => Some(format!("{} and {last}", rest.join(", "))),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_expressions_are_said_in_words() {
        for (text, said) in [
            ("30 4 * * *", "Every day at 04:30"),
            ("0 9 * * MON-FRI", "Monday to Friday at 09:00"),
            ("0 9 * * 1,3,5", "Monday, Wednesday and Friday at 09:00"),
            ("15 8 * * sun", "Every Sunday at 08:15"),
            ("15 8 * * 7", "Every Sunday at 08:15"),
            ("0 0 1 * *", "On day 1 of every month at 00:00"),
            ("* * * * *", "Every minute"),
            ("*/5 * * * *", "Every 5 minutes"),
            ("*/15 * * * 1-5", "Monday to Friday, every 15 minutes"),
            ("5 * * * *", "Every hour at 5 min"),
            ("0 */6 * * *", "Every 6 hours"),
        ] {
            assert_eq!(cron(text).as_deref(), Some(said), "{text}");
        }
    }

    #[test]
    fn what_is_said_in_words_is_never_wrong() {
        for text in [
            "*/7 * * * *",
            "0 0 1 1 *",
            "0 0 1 * MON",
            "0 0 L * *",
            "1-5 * * * *",
            "0 9 * * MON#1",
            "61 * * * *",
            "0 0 * *",
            "* 5 * * *",
            "* */2 * * *",
            "0 0 0 * * *",
            "0 9 * * MON-FRI/2",
        ] {
            assert_eq!(cron(text), None, "{text}");
        }
    }

    #[test]
    fn periods_are_said_in_the_largest_unit() {
        assert_eq!(
            [1, 90, 60, 7200, 86_400, 100_000].map(period),
            ["second", "90 seconds", "minute", "2 hours", "day", "100,000 seconds"].map(String::from)
        );
    }
}
