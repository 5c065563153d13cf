//! Numbers, sizes and times as people read them.

use time::OffsetDateTime;

/// `336776` as `336,776`.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that was estimated: `~336,776`. None is none.
pub fn about(number: i64) -> String {
    if number == 0 { "0".to_owned() } else { format!("~{}", count(number)) }
}

/// A number in few signs: `950`, `1.2k`, `34k`, `5.6M`.
pub fn brief(number: i64) -> String {
    let short = |value: f64, unit: &str| {
        let text = if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        format!("{}{unit}", text.trim_end_matches(".0"))
    };
    match number {
        ..1000 => number.to_string(),
        1000..1_000_000 => short((number / 100) as f64 / 10.0, "k"),
        _ => short((number / 100_000) as f64 / 10.0, "M"),
    }
}

/// Bytes in the unit that fits: `12.6 MB` (powers of 1,000).
pub fn bytes(bytes: i64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while value.abs() >= 1000.0 {
        let Some(next) = units.next() else { break };
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" || value.abs() >= 100.0 {
        format!("{value:.0} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// A span of milliseconds in the unit that fits: `0.42 ms`, `18 ms`, `1.4 s`.
pub fn milliseconds(span: f64) -> String {
    match span {
        ..1.0 => format!("{span:.2} ms"),
        ..10.0 => format!("{span:.1} ms"),
        ..1000.0 => format!("{span:.0} ms"),
        _ => format!("{:.1} s", span / 1000.0),
    }
}

/// Seconds in the largest unit that leaves no rest too large to ignore: `90 s`, `15 min`, `2 h`, `30 days`.
pub fn span(seconds: u64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long something took, in seconds: `18 ms`, `1.4 s`, `2 min 5 s`, `3 h 10 min`, `4 days`.
pub fn lasting(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match whole {
        ..60 => milliseconds(seconds.max(0.0) * 1000.0).replace(".0 s", " s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => span(whole),
    }
}

/// How far ahead an instant is, seen from `now`: `now`, `in 5 s`, `in 3 min`, `in 2 h`; the date where it is far ahead.
pub fn until(instant: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (instant - now).whole_seconds();
    match seconds {
        ..1 => "now".to_owned(),
        1..2_592_000 => format!("in {}", span(seconds.unsigned_abs())),
        _ => instant.date().to_string(),
    }
}

/// How long ago an instant was, seen from `now`: `just now`, `5 min ago`, `3 days ago`; the date where it is long ago.
pub fn ago(instant: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (now - instant).whole_seconds();
    match seconds {
        ..10 => "just now".to_owned(),
        10..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => instant.date().to_string(),
    }
}

/// The instant that it is now, by the browser's clock.
pub fn now() -> OffsetDateTime {
    let milliseconds = js_sys::Date::now();
    OffsetDateTime::from_unix_timestamp_nanos((milliseconds * 1_000_000.0) as i128)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn in_browser(at: OffsetDateTime) -> js_sys::Date {
    js_sys::Date::new(&(at.unix_timestamp_nanos() as f64 / 1_000_000.0).into())
}

fn day(date: &js_sys::Date) -> String {
    format!("{}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

fn time_of_day(date: &js_sys::Date) -> String {
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// An instant where the browser is: `2026-11-23 04:33:12`.
pub fn local(at: OffsetDateTime) -> String {
    let date = in_browser(at);
    format!("{} {}", day(&date), time_of_day(&date))
}

/// An instant as an input of the browser has it, by its clock: without seconds, which such an input refuses.
pub fn input_of(at: OffsetDateTime) -> String {
    local(at).replace(' ', "T").chars().take("2026-01-31T12:00".len()).collect()
}

/// The instant that stands in an input of the browser.
pub fn of_input(text: &str) -> Option<OffsetDateTime> {
    let milliseconds = js_sys::Date::new(&text.into()).get_time();
    milliseconds.is_finite().then(|| OffsetDateTime::from_unix_timestamp(milliseconds as i64 / 1000).ok())?
}

/// The time of the day where the browser is, of seconds since 1970.
pub fn clock_of(seconds: f64) -> String {
    time_of_day(&js_sys::Date::new(&(seconds * 1000.0).into()))
}

/// The same to the millisecond, of milliseconds since 1970.
pub fn precise_clock(milliseconds: f64) -> String {
    let date = js_sys::Date::new(&milliseconds.into());
    format!("{}.{:03}", time_of_day(&date), date.get_milliseconds())
}

/// The time of the day where the browser is, with the day where it is not today's.
pub fn clock(at: OffsetDateTime) -> String {
    let (date, now) = (in_browser(at), js_sys::Date::new_0());
    if day(&date) == day(&now) { time_of_day(&date) } else { local(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(336_776), "336,776");
        assert_eq!(count(-1_000), "−1,000");
        assert_eq!((about(0), about(1_200)), ("0".to_owned(), "~1,200".to_owned()));
        assert_eq!(
            [950, 1_000, 1_290, 34_567, 5_600_000].map(brief),
            ["950", "1k", "1.2k", "34k", "5.6M"].map(String::from)
        );
        assert_eq!(count(i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(12_582_912), "12.6 MB");
        assert_eq!(bytes(450_000_000_000), "450 GB");
    }

    #[test]
    fn times_are_said_as_people_do() {
        assert_eq!(milliseconds(0.42), "0.42 ms");
        assert_eq!(milliseconds(1400.0), "1.4 s");
        assert_eq!(span(600), "10 min");
        assert_eq!(span(2_592_000), "30 days");
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(400);
        assert_eq!(ago(now, now), "just now");
        assert_eq!(ago(now - time::Duration::minutes(5), now), "5 min ago");
        assert_eq!(ago(OffsetDateTime::UNIX_EPOCH, now), "1970-01-01");
        assert_eq!(until(now, now), "now");
        assert_eq!(until(now + time::Duration::seconds(90), now), "in 90 s");
        assert_eq!(until(now + time::Duration::days(40), now), "1971-03-17");
        assert_eq!(
            ["18 ms", "1.4 s", "2 min 5 s", "3 h 10 min"],
            [0.018, 1.4, 125.0, 11_400.0].map(lasting)[..]
        );
    }
}
