//! `numeric` in Postgres's binary format: groups of four decimal digits.

use super::encode::Malformed;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// Writes the number as Postgres prints it: every digit, no exponent.
///
/// # Errors
/// The bytes are not a `numeric`.
pub fn write(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Malformed> {
    let word = |index: usize| {
        raw.get(index * 2..index * 2 + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).ok_or(Malformed)
    };
    let (groups, weight, sign, scale) = (word(0)? as usize, word(1)? as i16, word(2)?, word(3)? as usize);
    match sign {
        NAN | INFINITY | MINUS_INFINITY => {
            let name: &[u8] = match sign {
                NAN => b"NaN",
                INFINITY => b"Infinity",
                _ => b"-Infinity",
            };
            out.extend_from_slice(name);
            return Ok(());
        }
        NEGATIVE => out.push(b'-'),
        _ => {}
    }
    // The group at `place` (0 is just before the point); zero where none is sent.
    let group = |place: i32| -> Result<u16, Malformed> {
        let index = i32::from(weight) - place;
        if index < 0 || index as usize >= groups { Ok(0) } else { word(4 + index as usize) }
    };
    if weight < 0 {
        out.push(b'0');
    } else {
        let mut buffer = itoa::Buffer::new();
        out.extend_from_slice(buffer.format(group(i32::from(weight))?).as_bytes());
        for place in (0..i32::from(weight)).rev() {
            out.extend_from_slice(&four(group(place)?));
        }
    }
    if scale > 0 {
        out.push(b'.');
        let mut left = scale;
        let mut place = -1;
        while left > 0 {
            let digits = four(group(place)?);
            let take = left.min(4);
            out.extend_from_slice(&digits[..take]);
            left -= take;
            place -= 1;
        }
    }
    Ok(())
}

fn four(group: u16) -> [u8; 4] {
    [1000, 100, 10, 1].map(|unit| b'0' + (group / unit % 10) as u8)
}

/// The most digits before the point.
pub const MOST_WHOLE: i64 = 131_072;

/// The most digits after the point.
pub const MOST_FRACTION: i64 = 16_383;

/// The most zeros that the numbers of one value leave to their exponents: Postgres keeps them short and writes out each.
pub const MOST_ZEROS: u64 = 1 << 18;

/// How many zeros a number that was [checked](check) leaves to its exponent, at the most.
pub fn zeros(text: &str) -> u64 {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return 0 };
    let is_zero = !mantissa.contains(|digit| ('1'..='9').contains(&digit));
    match exponent.parse::<i64>() {
        Ok(exponent) if exponent > 0 && is_zero => 0,
        exponent => exponent.map_or(MOST_ZEROS, i64::unsigned_abs),
    }
}

/// Postgres reads no exponent that is as large.
const EXPONENT: i64 = i32::MAX as i64 / 2;

/// Why a text is no `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is no number.
    NoNumber,
    /// It has more digits than Postgres holds.
    OutOfRange,
}

/// Checks that `numeric` takes the text: digits with perhaps a sign, a point and an exponent, or `NaN`, `Infinity`,
/// `-Infinity`.
///
/// # Errors
/// It does not.
pub fn check(text: &str) -> Result<(), Unfit> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return Ok(());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !are_digits(whole) || !are_digits(fraction) || whole.len() + fraction.len() == 0 {
        return Err(Unfit::NoNumber);
    }
    if !are_digits(power) || power.is_empty() {
        return Err(Unfit::NoNumber);
    }
    // What does not even fit here is larger still.
    let exponent: i64 = exponent.parse().map_err(|_| Unfit::OutOfRange)?;
    let first = whole.bytes().chain(fraction.bytes()).position(|digit| digit != b'0');
    let before_point = first.map_or(0, |zeros| whole.len() as i64 - zeros as i64 + exponent);
    let after_point = fraction.len() as i64 - exponent;
    if exponent.abs() >= EXPONENT || before_point > MOST_WHOLE || after_point > MOST_FRACTION {
        return Err(Unfit::OutOfRange);
    }
    Ok(())
}

/// Whether a text that was [checked](check) is within `numeric(precision, scale)`, after Postgres has rounded it to the scale: halves go
/// away from zero.
pub fn fits(text: &str, precision: i64, scale: i64) -> bool {
    if text == "NaN" {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).skip_while(|digit| *digit == b'0').peekable();
    if digits.peek().is_none_or(|digit| !digit.is_ascii_digit()) {
        // Nothing but zeros; what begins with a letter is infinite.
        return digits.peek().is_none();
    }
    let zeros = whole.bytes().chain(fraction.bytes()).take_while(|digit| *digit == b'0').count();
    let before_point = whole.len() as i64 - zeros as i64 + exponent;
    let Ok(kept) = usize::try_from(before_point + scale) else { return true };
    let all_nines = digits.by_ref().take(kept).filter(|digit| *digit == b'9').count() == kept;
    let carries = all_nines && digits.next().is_some_and(|digit| digit >= b'5');
    before_point + i64::from(carries) <= precision - scale
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was asked of Postgres 15.
    #[test]
    fn what_fits_a_precision_is_told_from_what_does_not() {
        for (text, precision, scale, is_fit) in [
            ("99.99", 4, 2, true),
            ("-99.994", 4, 2, true),
            ("99.995", 4, 2, false),
            ("-99.995", 4, 2, false),
            ("100", 4, 2, false),
            ("0100e-1", 4, 2, true),
            ("1e2", 4, 2, false),
            ("0.00e9", 4, 2, true),
            ("0", 1, 0, true),
            ("9.5", 1, 0, false),
            ("9.4999", 1, 0, true),
            ("0.0095", 2, 4, true),
            ("0.00994", 2, 4, true),
            ("0.00995", 2, 4, false),
            ("0.009995", 2, 4, false),
            ("0.01", 2, 4, false),
            ("0.00004", 2, 4, true),
            ("99499", 2, -3, true),
            ("99500", 2, -3, false),
            ("499", 2, -3, true),
            ("1e-9999", 4, 2, true),
            ("NaN", 4, 2, true),
            ("Infinity", 4, 2, false),
            ("-Infinity", 4, 2, false),
            ("999999999999999999999999.5", 24, 0, false),
        ] {
            assert_eq!(fits(text, precision, scale), is_fit, "{text} as numeric({precision},{scale})");
        }
    }

    /// Each was asked of Postgres 15.
    #[test]
    fn what_postgres_takes_is_taken_and_the_rest_is_not() {
        let taken = [
            "1e131071",
            "9.9e131071",
            "99E+131070",
            "00001e131071",
            "-0.0001e131075",
            "0e999999",
            "0e1073741822",
            "0.0e131072",
            "000.000e131074",
            "1e-16383",
            "123e-16383",
            "0.00e-16381",
            "1.",
            ".5",
            "+1",
            "1.e5",
            "NaN",
            "-Infinity",
        ];
        for text in taken {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let beyond = [
            "1e131072",
            "10e131071",
            "1e-16384",
            "0e-16384",
            "0.000e-16381",
            "1e99999999",
            "0e1073741823",
            "0e-1073741823",
            "1e99999999999999999999",
        ];
        for text in beyond {
            assert_eq!(check(text), Err(Unfit::OutOfRange), "{text}");
        }
        for text in ["", "-", ".", ".e5", "1e", "1e+", "1e1.5", "1e--5", "0x10", "1_000", "--1", "nan", "1 "]
        {
            assert_eq!(check(text), Err(Unfit::NoNumber), "{text}");
        }
    }
}
