//! Numbers as Postgres writes them, compared digit by digit: none is lost, and nothing is allocated.

use std::cmp::Ordering;
use std::iter;

/// A number of any size.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number<'a> {
    MinusInfinity,
    Finite(Digits<'a>),
    Infinity,
    /// Equal to itself, and the greatest.
    NaN,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Digits<'a> {
    negative: bool,
    /// The digits, without leading zeros, in two parts. None for zero.
    parts: [&'a [u8]; 2],
    /// How many digits stand before the point; negative for zeros behind it.
    magnitude: i64,
}

impl<'a> Number<'a> {
    /// Reads digits with perhaps a sign, a point and an exponent, or a name of what is not finite.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match unsigned {
            "NaN" => return Some(Self::NaN),
            "Infinity" if negative => return Some(Self::MinusInfinity),
            "Infinity" => return Some(Self::Infinity),
            _ => {}
        }
        let (mantissa, exponent) = match memchr::memchr2(b'e', b'E', unsigned.as_bytes()) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse().ok()?),
            None => (unsigned, 0_i64),
        };
        let mantissa = mantissa.as_bytes();
        let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &[][..]),
        };
        if whole.is_empty() && fraction.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
            return None;
        }
        let whole = without_zeros(whole);
        let (fraction, zeros) = match whole {
            [] => (without_zeros(fraction), fraction.len() - without_zeros(fraction).len()),
            _ => (fraction, 0),
        };
        let magnitude = whole.len() as i64 - zeros as i64 + exponent;
        Some(Self::Finite(Digits { negative, parts: [whole, fraction], magnitude }))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::MinusInfinity => 0,
            Self::Finite(_) => 1,
            Self::Infinity => 2,
            Self::NaN => 3,
        }
    }
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    &digits[first..]
}

impl Digits<'_> {
    /// Less than, equal to or greater than zero.
    fn sign(&self) -> i8 {
        match (self.parts, self.negative) {
            ([[], []], _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let digits = |number: &Self| {
            let [whole, fraction] = number.parts;
            whole.iter().chain(fraction).copied().chain(iter::repeat(b'0'))
        };
        let most = |number: &Self| number.parts[0].len() + number.parts[1].len();
        let length = most(self).max(most(other));
        self.magnitude
            .cmp(&other.magnitude)
            .then_with(|| digits(self).take(length).cmp(digits(other).take(length)))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Self::Finite(a), Self::Finite(b)) = (self, other) else {
            return self.rank().cmp(&other.rank());
        };
        a.sign().cmp(&b.sign()).then_with(|| match a.sign() {
            0 => Ordering::Equal,
            1 => a.cmp_magnitude(b),
            _ => b.cmp_magnitude(a),
        })
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

/// Floats in Postgres's order: NaN equals itself and is the greatest.
pub(super) fn cmp_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_their_value() {
        let ascending = [
            &["-Infinity"][..],
            &["-1e400", "-1000e397"],
            &["-10.5", "-10.50", "-105e-1"],
            &["-10"],
            &["-0.001"],
            &["0", "-0", "0.000", "0e5", "000"],
            &["1e-400"],
            &["0.00100", "1e-3", "0.1e-2"],
            &["0.0010000000000000000000000000000000000000001"],
            &["9"],
            &["10", "1e1", "1E+1", "10.000", "0010"],
            &["10.01"],
            &["99999999999999999999999999"],
            &["100000000000000000000000000", "1e26"],
            &["Infinity"],
            &["NaN"],
        ];
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
                    let (x, y) = (Number::parse(a).expect(a), Number::parse(b).expect(b));
                    assert_eq!(x.cmp(&y), i.cmp(&j), "{a} {b}");
                }
            }
        }
        for wrong in ["", "-", ".", "x", "1e", "1e1.5", "+1", "0x1", "nan"] {
            assert!(Number::parse(wrong).is_none(), "{wrong}");
        }
    }
}
