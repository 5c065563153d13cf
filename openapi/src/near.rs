//! Finds the name that was probably meant.

/// The least number of inserted, deleted, replaced or swapped neighbouring characters that turn `a`
/// into `b` (optimal string alignment). Both should be short: the cost is the product of the lengths.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// The candidate nearest to `name`, where one is at most 2 edits away, or differs in case alone.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // No name is that long; what is costs nothing to look for.
    if name.len() > 256 {
        return None;
    }
    let scored = candidates.into_iter().filter_map(|candidate| {
        if candidate.eq_ignore_ascii_case(name) {
            return Some((0, candidate));
        }
        let distance = distance(name, candidate);
        // Two edits make any two letters of any other two.
        let alike = distance <= 2 && distance < name.chars().count().max(candidate.chars().count());
        alike.then_some((distance, candidate))
    });
    scored.min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, edits) in
            [("", "", 0), ("title", "titel", 1), ("title", "tile", 1), ("abc", "xyz", 3), ("", "ab", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("titel", ["body", "title"]), Some("title"));
        assert_eq!(nearest("TITLE", ["body", "title"]), Some("title"));
        assert_eq!(nearest("owner", ["body", "title"]), None);
        assert_eq!(nearest("xy", ["id"]), None);
    }
}
