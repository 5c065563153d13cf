//! Hints that list what there is, the near miss first.

use super::print;
use crate::near::nearest;

/// The most names that a hint lists.
const LISTED: usize = 40;

/// "did you mean `x`? Fields: a, b, c", for names.
pub(super) fn names<'a>(name: &str, noun: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    hint(name, noun, among.into_iter().collect(), print::name)
}

/// The same for the values of an enum.
pub(super) fn values<'a>(value: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    hint(value, "Values", among.into_iter().collect(), print::text)
}

/// Each is listed as it would be written.
fn hint(found: &str, noun: &str, among: Vec<&str>, write: impl Fn(&str) -> String) -> String {
    let mut listed = among.iter().take(LISTED).map(|one| write(one)).collect::<Vec<_>>().join(", ");
    if among.is_empty() {
        listed.push_str("none");
    } else if among.len() > LISTED {
        listed.push_str(&format!(" and {} more", among.len() - LISTED));
    }
    match nearest(found, among).map(write) {
        Some(near) if near.starts_with('`') => format!("did you mean {near}? {noun}: {listed}"),
        Some(near) => format!("did you mean `{near}`? {noun}: {listed}"),
        None => format!("{noun}: {listed}"),
    }
}
