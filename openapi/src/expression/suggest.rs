//! Hints that list what there is, the near miss first.

use crate::near::nearest;

/// The most names that a hint lists.
const LISTED: usize = 40;

/// "did you mean `x`? `Noun`s: a, b, c".
pub(super) fn hint<'a>(name: &str, noun: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = among.into_iter().collect();
    let mut listed = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        listed.push_str("none");
    } else if names.len() > LISTED {
        listed.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`? {noun}: {listed}"),
        None => format!("{noun}: {listed}"),
    }
}
