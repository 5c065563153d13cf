//! Hints that list what there is, the near miss first.

use super::print;
use crate::near::nearest;

/// What to write instead.
pub(super) struct Hint {
    /// In a line.
    pub(super) text: String,
    /// What stands in the place of the mistake then, where one thing was probably meant.
    pub(super) correction: Option<String>,
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self { text, correction: None }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// The most names that a hint lists.
const LISTED: usize = 40;

/// "did you mean `x`? Fields: a, b, c", for names.
pub(super) fn names<'a>(name: &str, noun: &str, among: impl IntoIterator<Item = &'a str>) -> Hint {
    hint(name, noun, among.into_iter().collect(), print::name)
}

/// The same for the values of an enum.
pub(super) fn values<'a>(value: &str, among: impl IntoIterator<Item = &'a str>) -> Hint {
    hint(value, "Values", among.into_iter().collect(), print::text)
}

/// Each is listed as it would be written.
fn hint(found: &str, noun: &str, among: Vec<&str>, write: impl Fn(&str) -> String) -> Hint {
    let mut listed = among.iter().take(LISTED).map(|one| write(one)).collect::<Vec<_>>().join(", ");
    if among.is_empty() {
        listed.push_str("none");
    } else if among.len() > LISTED {
        listed.push_str(&format!(" and {} more", among.len() - LISTED));
    }
    let correction = nearest(found, among).map(write);
    let text = match &correction {
        Some(near) if near.starts_with('`') => format!("did you mean {near}? {noun}: {listed}"),
        Some(near) => format!("did you mean `{near}`? {noun}: {listed}"),
        None => format!("{noun}: {listed}"),
    };
    Hint { text, correction }
}
