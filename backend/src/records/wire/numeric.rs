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

/// Whether the text is a number that `numeric` takes: digits with perhaps a sign, a point and an exponent, or
/// `NaN`, `Infinity`, `-Infinity`.
pub fn is_numeric(text: &str) -> bool {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_right = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        (1..=5).contains(&exponent.len()) && digits(exponent)
    });
    digits(whole) && digits(fraction) && whole.len() + fraction.len() > 0 && exponent_right
}
