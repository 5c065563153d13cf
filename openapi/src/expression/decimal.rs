//! Decimal numbers as text: no digit is ever lost to a float.

use std::cmp::Ordering;
use std::fmt;

/// The furthest that an exponent may move the point: beyond it lies no number of any type.
const MAX_EXPONENT: i64 = 400;

/// A decimal number: an optional `-`, digits without leading zeros, and, where there is a fraction, a point
/// and digits without trailing zeros. Equal numbers have equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// Reads a number as the lexer found it: digits, fraction, exponent. None where the exponent is out of all bounds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        if exponent.abs() > MAX_EXPONENT {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = format!("{whole}{fraction}");
        let mut point = whole.len() as i64 + exponent;
        if point < 0 {
            digits.insert_str(0, &"0".repeat(point.unsigned_abs() as usize));
            point = 0;
        }
        let point = point as usize;
        if point > digits.len() {
            digits.push_str(&"0".repeat(point - digits.len()));
        }
        let (whole, fraction) = digits.split_at(point);
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        let sign = if negative && !zero { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let dot = if fraction.is_empty() { "" } else { "." };
        Some(Self(format!("{sign}{whole}{dot}{fraction}")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.starts_with('-')
    }

    /// The largest whole number that is not greater, and how it compares with this one: `Equal` for a whole number,
    /// `Less` otherwise. None where it is beyond 128 bits.
    pub(super) fn floor(&self) -> Option<(i128, Ordering)> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let whole: i128 = whole.parse().ok()?;
        if fraction.is_empty() {
            return Some((whole, Ordering::Equal));
        }
        Some((whole.checked_sub(i128::from(self.is_negative()))?, Ordering::Less))
    }

    /// The nearest float; None where that is infinite.
    pub(super) fn to_f64(&self) -> Option<f64> {
        self.0.parse().ok().filter(|float: &f64| float.is_finite())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_text() {
        for (written, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.000", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("100", "100"),
            ("1e3", "1000"),
            ("12.5E-3", "0.0125"),
            ("-1.25e1", "-12.5"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
        ] {
            let decimal = Decimal::parse(written).expect(written);
            assert_eq!(decimal.as_str(), canonical, "{written}");
        }
        assert_eq!(Decimal::parse("1e401"), None);
        assert_eq!(Decimal::parse("1e99999999999999999999"), None);
    }

    #[test]
    fn floors_go_down_on_both_sides_of_zero() {
        let floor = |text| Decimal::parse(text).and_then(|decimal| decimal.floor());
        assert_eq!(floor("1.5"), Some((1, Ordering::Less)));
        assert_eq!(floor("-1.5"), Some((-2, Ordering::Less)));
        assert_eq!(floor("-0.5"), Some((-1, Ordering::Less)));
        assert_eq!(floor("7"), Some((7, Ordering::Equal)));
        assert_eq!(floor("1e50"), None);
    }
}
