//! Durations, as they stand after `@now`: `7d`, `1h30m`.

/// A thousand years: beyond it an instant would leave the range that dates are written in.
const LONGEST: i64 = 1_000 * 366 * DAY;
/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// The units and their seconds, from the longest.
const UNITS: [(char, i64); 5] = [('w', 7 * DAY), ('d', DAY), ('h', 3_600), ('m', 60), ('s', 1)];

/// The seconds of a duration, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let mut seconds: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = rest[digits..].chars().next();
        let Some((_, length)) = UNITS.iter().find(|(name, _)| Some(*name) == unit) else {
            return Err(match unit {
                Some(unit) => format!("`{text}` is not a duration: there is no unit `{unit}`"),
                None => format!("`{text}` is not a duration: `{rest}` has no unit"),
            });
        };
        let count: Option<i64> = rest[..digits].parse().ok();
        if digits == 0 {
            return Err(format!("`{text}` is not a duration: a unit has no number"));
        }
        seconds = count
            .and_then(|count| count.checked_mul(*length))
            .and_then(|part| seconds.checked_add(part))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(|| format!("`{text}` is longer than a thousand years"))?;
        rest = &rest[digits + 1..];
    }
    Ok(seconds)
}

/// The shortest text of a duration that is not negative.
pub(super) fn print(mut seconds: i64) -> String {
    let mut text = String::new();
    for (unit, length) in UNITS {
        if seconds >= length {
            text.push_str(&format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
