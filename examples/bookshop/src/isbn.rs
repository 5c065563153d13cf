//! Before a book is written: its ISBN must be one, and is kept without hyphens.

use annex::App;
use annex::hooks::Change;
use annex::problem::{FieldError, Problem, Result};
use serde_json::Value;

/// The hook.
///
/// # Errors
/// `validation_failed` where there is an ISBN that is none.
pub async fn check(change: &mut Change, _: &App) -> Result<()> {
    let Some(Value::String(isbn)) = change.body.get_mut("isbn") else { return Ok(()) };
    isbn.retain(|letter| letter != '-' && letter != ' ');
    if is_isbn(isbn) {
        return Ok(());
    }
    let detail = "`isbn` must have 13 digits, the last of which follows from the others";
    Err(Problem::validation(vec![FieldError::new("/isbn", "invalid", detail)]))
}

/// Whether that is an ISBN-13 (ISO 2108): the digits, weighted 1 and 3 in turn, add up to a multiple of 10.
fn is_isbn(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(10)).collect();
    digits.is_some_and(|digits| {
        let sum: u32 = digits.iter().zip([1, 3].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
        digits.len() == 13 && sum.is_multiple_of(10)
    })
}
