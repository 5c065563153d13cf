//! Days and instants as Postgres writes them in ISO form, counted as it counts them: from 2000-01-01, in days and microseconds.

/// The day and the instant after all others, and their opposites.
pub(super) const INFINITY: i64 = i64::MAX;
const MINUS_INFINITY: i64 = i64::MIN;
/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
pub(super) const DAY_MICROS: i64 = 86_400_000_000;
/// The last day that has instants: 294276-12-31.
const LAST_DAY_OF_INSTANTS: i64 = 106_751_982;

/// The day that the text says: `2024-02-29`, `0044-03-15 BC`, `infinity`.
pub(super) fn day(text: &str) -> Option<i64> {
    if let Some(infinite) = infinite(text) {
        return Some(infinite);
    }
    let (text, before_christ) = era(text);
    date(text, before_christ)
}

/// The instant that the text says: `2024-02-29 12:00:00.5+00`, without a zone in UTC.
pub(super) fn instant(text: &str) -> Option<i64> {
    if let Some(infinite) = infinite(text) {
        return Some(infinite);
    }
    let (text, before_christ) = era(text);
    let (day, time) = text.split_once(' ')?;
    let day = date(day, before_christ)?;
    let bytes = time.as_bytes();
    let colons = bytes.get(2) == Some(&b':') && bytes.get(5) == Some(&b':');
    let (hour, minute, second) = (two(bytes.get(0..2)?)?, two(bytes.get(3..5)?)?, two(bytes.get(6..8)?)?);
    if !colons {
        return None;
    }
    let (fraction, zone) = match bytes.get(8) {
        Some(b'.') => {
            let rest = &bytes[9..];
            let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at(end)
        }
        _ => (&[][..], &bytes[8..]),
    };
    if fraction.len() > 6 {
        return None;
    }
    let micros = number(fraction)? * 10_i64.pow(6 - fraction.len() as u32);
    let seconds = (hour * 60 + minute) * 60 + second - offset(zone)?;
    Some(day * DAY_MICROS + seconds * 1_000_000 + micros)
}

/// The instant at which the day begins. A day that has no instants is as far away as any.
pub(super) fn midnight(day: i64) -> i64 {
    match day {
        MINUS_INFINITY => MINUS_INFINITY,
        day if day > LAST_DAY_OF_INSTANTS => INFINITY,
        day => day * DAY_MICROS,
    }
}

/// The instant, whatever its offset, in whole microseconds.
pub(super) fn of_time(instant: time::OffsetDateTime) -> i64 {
    let since = instant - time::macros::datetime!(2000-01-01 0:00 UTC);
    since.whole_microseconds() as i64 - i64::from(since.subsec_nanoseconds() % 1_000 < 0)
}

/// The day.
pub(super) fn of_date(date: time::Date) -> i64 {
    i64::from(date.to_julian_day() - time::macros::date!(2000 - 01 - 01).to_julian_day())
}

fn infinite(text: &str) -> Option<i64> {
    match text {
        "infinity" => Some(INFINITY),
        "-infinity" => Some(MINUS_INFINITY),
        _ => None,
    }
}

fn era(text: &str) -> (&str, bool) {
    match text.strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

fn date(text: &str, before_christ: bool) -> Option<i64> {
    let bytes = text.as_bytes();
    let end = bytes.len().checked_sub(6)?;
    if bytes[end] != b'-' || bytes[end + 3] != b'-' {
        return None;
    }
    let (year, month, day) =
        (number(&bytes[..end])?, two(&bytes[end + 1..end + 3])?, two(&bytes[end + 4..])?);
    Some(from_civil(if before_christ { 1 - year } else { year }, month, day))
}

/// Howard Hinnant's `days_from_civil`, for the proleptic Gregorian calendar.
fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 - EPOCH_DAYS
}

/// The seconds that a zone is ahead of UTC: ``, `+00`, `-03:30`, `+00:19:32`.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, zone) = match zone {
        [] | b"Z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let mut seconds = 0;
    for (part, unit) in zone.split(|byte| *byte == b':').zip([3600, 60, 1]) {
        seconds += two(part)? * unit;
    }
    Some(sign * seconds)
}

fn two(digits: &[u8]) -> Option<i64> {
    if digits.len() == 2 { number(digits) } else { None }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.len() > 10 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn days_are_counted_as_postgres_counts_them() {
        for (text, days) in [
            ("2000-01-01", 0),
            ("1999-12-31", -1),
            ("2000-02-29", 59),
            ("0001-01-01", -730_119),
            ("0001-12-31 BC", -730_120),
            ("4714-11-24 BC", -2_451_545),
            ("10000-01-01", 2_921_940),
            ("294276-12-31", LAST_DAY_OF_INSTANTS),
            ("infinity", INFINITY),
            ("-infinity", MINUS_INFINITY),
        ] {
            assert_eq!(day(text), Some(days), "{text}");
        }
        for wrong in ["", "2000-1-1", "2000-01-01 AD", "x", "2000-01", "20000101", "-01-01x"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_have_their_zone() {
        for (text, micros) in [
            ("2000-01-01 00:00:00", 0),
            ("2000-01-01 00:00:01.5+00", 1_500_000),
            ("1999-12-31 23:59:59.999999", -1),
            ("2000-01-01 05:30:00+05:30", 0),
            ("1999-12-31 21:00:00-03", 0),
            ("2000-01-01 00:19:32+00:19:32", 0),
            ("4714-11-24 00:00:00+00 BC", -211_813_488_000_000_000),
            ("294276-12-31 23:59:59.999999+00", 9_223_371_331_199_999_999),
        ] {
            assert_eq!(instant(text), Some(micros), "{text}");
        }
        for wrong in ["2000-01-01", "2000-01-01T00:00:00", "2000-01-01 00:00", "2000-01-01 00:00:00 UTC"] {
            assert_eq!(instant(wrong), None, "{wrong}");
        }
        assert_eq!(midnight(LAST_DAY_OF_INSTANTS + 1), INFINITY);
        assert_eq!(of_time(datetime!(1999-12-31 23:59:59.999_999_5 UTC)), -1);
        assert_eq!(of_time(datetime!(2000-01-01 1:00:00.000_001_9 +1)), 1);
        assert_eq!(of_date(datetime!(1999-12-31 0:00 UTC).date()), -1);
    }
}
