//! The rows that something will be done with.

use std::collections::BTreeSet;
use std::ops::Range;

/// Some rows by their keys, or all that the list has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    all: bool,
    keys: BTreeSet<String>,
    /// The row that was chosen last by itself: from there on a range is chosen.
    anchor: Option<usize>,
}

impl Selection {
    /// All that the list has, those too that are not here.
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether it is all that the list has.
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        !self.all && self.keys.is_empty()
    }

    /// Whether the row of that key is among them.
    pub fn has(&self, key: &str) -> bool {
        self.all || self.keys.contains(key)
    }

    /// Whether the row of that key is chosen by it.
    pub fn names(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// How many are chosen by their keys.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The keys of those that are chosen by them.
    pub fn keys(&self) -> Vec<String> {
        self.keys.iter().cloned().collect()
    }

    /// Chooses a row, or no more. Who takes one out of all begins with none.
    pub fn toggle(&mut self, place: usize, key: &str) {
        self.anchor = Some(place);
        if std::mem::take(&mut self.all) {
            self.keys.clear();
        } else if !self.keys.remove(key) {
            self.keys.insert(key.to_owned());
        }
    }

    /// The rows between the one that was chosen last and another.
    pub fn range_to(&self, place: usize) -> Range<usize> {
        let anchor = self.anchor.unwrap_or(place);
        anchor.min(place)..anchor.max(place) + 1
    }

    /// Sets where a range begins, where nothing has.
    pub fn begin_at(&mut self, place: usize) {
        self.anchor.get_or_insert(place);
    }

    /// Chooses these rows too; false, and nothing done, where more than `most` were chosen then.
    pub fn add(&mut self, keys: Vec<String>, most: usize) -> bool {
        let fresh = keys.iter().filter(|key| !self.keys.contains(*key)).count();
        let fits = self.keys.len() + fresh <= most;
        if fits {
            self.all = false;
            self.keys.extend(keys);
        }
        fits
    }

    /// Forgets rows that are no more.
    pub fn forget(&mut self, keys: &[String]) {
        for key in keys {
            self.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_one_by_one_or_all() {
        let mut selection = Selection::default();
        selection.toggle(4, "a");
        selection.toggle(7, "b");
        assert_eq!((selection.count(), selection.has("a"), selection.has("c")), (2, true, false));
        selection.toggle(4, "a");
        assert_eq!(selection.keys(), ["b"]);
        let mut all = Selection::all();
        assert!(all.has("anything") && !all.is_empty());
        all.toggle(4, "a");
        assert!(all.is_empty());
    }

    #[test]
    fn no_more_are_chosen_than_may_be() {
        let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut selection = Selection::default();
        assert!(selection.add(keys(&["a", "b"]), 3));
        assert!(!selection.add(keys(&["c", "d"]), 3));
        assert_eq!(selection.keys(), ["a", "b"]);
        assert!(selection.add(keys(&["b", "c"]), 3));
        assert_eq!(selection.count(), 3);
    }

    #[test]
    fn a_range_begins_where_a_row_was_chosen_last() {
        let mut selection = Selection::default();
        assert_eq!(selection.range_to(5), 5..6);
        selection.toggle(9, "a");
        assert_eq!(selection.range_to(5), 5..10);
        assert_eq!(selection.range_to(12), 9..13);
        selection.begin_at(1);
        assert_eq!(selection.range_to(9), 9..10);
        selection.forget(&["a".to_owned()]);
        assert!(selection.is_empty());
    }
}
