//! Near misses: what a mistyped name probably meant.

/// The most edits between a name and what it is taken to have meant.
const NEAR: usize = 2;
/// The most names that a hint lists.
const LISTED: usize = 40;

/// The nearest of the names within two edits, or the one that differs in case alone.
pub(super) fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    among
        .into_iter()
        .filter_map(|candidate| {
            if candidate.eq_ignore_ascii_case(name) {
                return Some((0, candidate));
            }
            let edits = edits(name, candidate)?;
            // Two edits turn any two-letter name into any other.
            (edits < name.chars().count().max(candidate.chars().count())).then_some((edits, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`? `Noun`s: a, b, c".
pub(super) fn hint<'a>(name: &str, noun: &str, among: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let names: Vec<&str> = among.clone().into_iter().collect();
    let mut listed = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        listed.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    match nearest(name, among) {
        Some(near) => format!("did you mean `{near}`? {noun}: {listed}"),
        None if names.is_empty() => format!("{noun}: none"),
        None => format!("{noun}: {listed}"),
    }
}

/// The edit distance (insert, delete, replace, swap of neighbours) where it is at most two.
fn edits(a: &str, b: &str) -> Option<usize> {
    if a.len().abs_diff(b.len()) > NEAR * 4 || a.len() > 256 || b.len() > 256 {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|edits| *edits <= NEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        let names = ["title", "body", "id"];
        assert_eq!(nearest("titel", names), Some("title"));
        assert_eq!(nearest("TITLE", names), Some("title"));
        assert_eq!(nearest("boby", names), Some("body"));
        assert_eq!(nearest("tags", names), None);
        assert_eq!(nearest("xy", names), None);
    }
}
