//! Days and instants as Postgres counts them, from 2000-01-01, to and from ISO 8601 text.
//!
//! Years outside 0000..=9999 are written with a sign and six digits or more (ISO 8601's expanded form), since Postgres knows
//! days from 4713 BC to 294276 AD.

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
/// The first day that Postgres knows, and the last year that it knows days and instants of.
const FIRST_DAY: (i64, u32, u32) = (-4713, 11, 24);
const LAST_YEAR: i64 = 5_874_897;
const LAST_YEAR_OF_INSTANTS: i64 = 294_276;
/// Microseconds of a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// The year, month and day of a day counted from 2000-01-01 (proleptic Gregorian; H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + EPOCH_DAYS + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes a day counted from 2000-01-01.
pub fn write_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = civil(days);
    if (0..=9999).contains(&year) {
        digits(out, year as u32, 4);
    } else {
        out.push(if year < 0 { b'-' } else { b'+' });
        digits(out, year.unsigned_abs() as u32, if year > 999_999 { 7 } else { 6 });
    }
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
}

/// Writes an instant counted in microseconds from 2000-01-01T00:00:00Z as RFC 3339 in UTC, with as many digits of
/// the second as it has (0, 3 or 6).
pub fn write_timestamp(out: &mut Vec<u8>, micros: i64) {
    write_date(out, micros.div_euclid(DAY_MICROS));
    let of_day = micros.rem_euclid(DAY_MICROS);
    let seconds = (of_day / 1_000_000) as u32;
    out.push(b'T');
    digits(out, seconds / 3600, 2);
    out.push(b':');
    digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    digits(out, seconds % 60, 2);
    let fraction = (of_day % 1_000_000) as u32;
    if fraction != 0 {
        out.push(b'.');
        if fraction.is_multiple_of(1000) { digits(out, fraction / 1000, 3) } else { digits(out, fraction, 6) }
    }
    out.push(b'Z');
}

fn digits(out: &mut Vec<u8>, mut value: u32, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place += (value % 10) as u8;
        value /= 10;
    }
}

/// The ISO date (also in the expanded form), as Postgres reads it.
///
/// # Errors
/// In a sentence, what it must be.
pub fn parse_date(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "must be a date such as 2026-01-31";
    if text == "infinity" || text == "-infinity" {
        return Ok(text.to_owned());
    }
    let (year, rest) = split_year(text).ok_or(WRONG)?;
    let mut parts = rest.split('-');
    let (Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(WRONG);
    };
    let (month, day) = (two(month).ok_or(WRONG)?, two(day).ok_or(WRONG)?);
    if !(1..=12).contains(&month) || day == 0 || day > month_length(year, month) {
        return Err("is not a day of the calendar");
    }
    if (year, month, day) < FIRST_DAY || year > LAST_YEAR {
        return Err("is not a day that Postgres knows");
    }
    Ok(postgres_date(year, month, day))
}

/// The RFC 3339 instant, as Postgres reads it. A bare date is its midnight in UTC.
///
/// # Errors
/// In a sentence, what it must be.
pub fn parse_timestamp(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "must be a timestamp with a zone (RFC 3339), such as 2026-01-31T12:00:00Z";
    if text == "infinity" || text == "-infinity" {
        return Ok(text.to_owned());
    }
    let Some(split) = text.find(['T', 't', ' ']) else {
        return parse_date(text).map(|date| with_time(&date, "00:00:00Z")).map_err(|_| WRONG);
    };
    let (year, _) = split_year(text).ok_or(WRONG)?;
    if year > LAST_YEAR_OF_INSTANTS {
        return Err("is not an instant that Postgres knows");
    }
    let date = parse_date(&text[..split])
        .map_err(|wrong| if wrong.starts_with("is not") { wrong } else { WRONG })?;
    let time = &text[split + 1..];
    let bytes = time.as_bytes();
    if bytes.len() < 9 || bytes[2] != b':' || bytes[5] != b':' {
        return Err(WRONG);
    }
    let part = |range: std::ops::Range<usize>| time.get(range).and_then(two).ok_or(WRONG);
    let (hour, minute, second) = (part(0..2)?, part(3..5)?, part(6..8)?);
    if hour > 23 || minute > 59 || second > 60 {
        return Err("is not a time of the day");
    }
    let rest = &time[8..];
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(WRONG)?;
            if end == 0 {
                return Err(WRONG);
            }
            rest.split_at(end)
        }
        None => ("", rest),
    };
    if fraction.len() > 6 && fraction[6..].bytes().any(|digit| digit != b'0') {
        return Err("is finer than a microsecond");
    }
    let offset_right = match zone.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', _, _, b':', _, _] => {
            let parts = (two(&zone[1..3]), two(&zone[4..6]));
            matches!(parts, (Some(hours), Some(minutes)) if hours <= 15 && minutes <= 59)
        }
        _ => false,
    };
    if !offset_right {
        return Err(WRONG);
    }
    let clean = if fraction.is_empty() {
        time[..8].to_owned()
    } else {
        format!("{}.{}", &time[..8], &fraction[..fraction.len().min(6)])
    };
    Ok(with_time(&date, &format!("{clean}{}", zone.to_ascii_uppercase())))
}

/// Postgres wants the era at the very end.
fn with_time(date: &str, time: &str) -> String {
    match date.strip_suffix(" BC") {
        Some(date) => format!("{date} {time} BC"),
        None => format!("{date} {time}"),
    }
}

fn postgres_date(year: i64, month: u32, day: u32) -> String {
    if year > 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{:04}-{month:02}-{day:02} BC", 1 - year)
    }
}

/// The year and what stands behind its dash.
fn split_year(text: &str) -> Option<(i64, &str)> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (0, text),
    };
    let dash = rest.find('-')?;
    let (year, rest) = (&rest[..dash], &rest[dash + 1..]);
    let width_right = if sign == 0 { year.len() == 4 } else { matches!(year.len(), 6 | 7) };
    if !width_right || !year.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year: i64 = year.parse().ok()?;
    Some((if sign < 0 { -year } else { year }, rest))
}

fn two(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn month_length(year: i64, month: u32) -> u32 {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(days: i64) -> String {
        let mut out = Vec::new();
        write_date(&mut out, days);
        String::from_utf8(out).unwrap()
    }

    fn timestamp(micros: i64) -> String {
        let mut out = Vec::new();
        write_timestamp(&mut out, micros);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), "2000-01-01");
        assert_eq!(date(59), "2000-02-29");
        assert_eq!(date(-1), "1999-12-31");
        assert_eq!(date(-730_119), "0001-01-01");
        assert_eq!(date(-2_451_545), "-004713-11-24");
        assert_eq!(date(2_921_940), "+010000-01-01");
    }

    #[test]
    fn instants_keep_their_microseconds() {
        assert_eq!(timestamp(0), "2000-01-01T00:00:00Z");
        assert_eq!(timestamp(1_500_000), "2000-01-01T00:00:01.500Z");
        assert_eq!(timestamp(-1), "1999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn text_is_read_as_postgres_wants_it() {
        assert_eq!(parse_date("2024-02-29").unwrap(), "2024-02-29");
        assert_eq!(parse_date("-000043-03-15").unwrap(), "0044-03-15 BC");
        assert_eq!(
            parse_timestamp("2024-02-29T12:00:00.120+02:00").unwrap(),
            "2024-02-29 12:00:00.120+02:00"
        );
        assert_eq!(parse_timestamp("2024-02-29").unwrap(), "2024-02-29 00:00:00Z");
        assert_eq!(parse_date("+5874897-12-31").unwrap(), "5874897-12-31");
        for wrong in [
            "-004713-11-23",
            "+5874898-01-01",
            "+05874897-12-31",
            "2023-02-29",
            "2023-2-1",
            "x",
            "",
            "2023-13-01",
            "20230101",
            "2023-01-01T00:00:00Z",
        ] {
            assert!(parse_date(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "2023-01-01T00:00:00",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:00.1234567Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00+2",
            "infinityT00:00:00Z",
            "+294277-01-01T00:00:00Z",
        ] {
            assert!(parse_timestamp(wrong).is_err(), "{wrong}");
        }
    }
}
