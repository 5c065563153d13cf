//! Changes that are made and not saved yet.

use std::collections::BTreeMap;

use annex_openapi::problem::FieldError;

use crate::api::records::Row;
use crate::json::is_same;

/// A change of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The JSON text of the value that it had.
    pub old: String,
    /// The JSON text of the value that it shall have.
    pub new: String,
    /// Why the server refused it, where it did.
    pub refused: Option<String>,
}

/// The changes of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowChanges {
    /// The row's version that was changed, where it is known.
    pub etag: Option<String>,
    /// The changes, by field.
    pub fields: BTreeMap<String, Change>,
    /// Why the server refused them as a whole, where it did.
    pub refused: Option<String>,
}

/// The changes of a collection's rows, by their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Staged {
    rows: BTreeMap<String, RowChanges>,
}

/// A field that somebody else has changed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The row's key.
    pub key: String,
    /// The field.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What the other has made of it.
    pub theirs: String,
    /// What is made of it here.
    pub yours: String,
}

impl Staged {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many fields of how many rows are changed.
    pub fn count(&self) -> (usize, usize) {
        (self.rows.values().map(|row| row.fields.len()).sum(), self.rows.len())
    }

    /// The changed rows, by key.
    pub fn rows(&self) -> impl Iterator<Item = (&String, &RowChanges)> {
        self.rows.iter()
    }

    /// The change of a field.
    pub fn change(&self, key: &str, field: &str) -> Option<&Change> {
        self.rows.get(key)?.fields.get(field)
    }

    /// The changes of a row.
    pub fn row(&self, key: &str) -> Option<&RowChanges> {
        self.rows.get(key)
    }

    /// Changes a field, whose value is `old` on the server. True where this is the row's first change.
    pub fn set(&mut self, key: &str, field: &str, old: &str, new: String) -> bool {
        let is_first = !self.rows.contains_key(key);
        let row = self.rows.entry(key.to_owned()).or_default();
        row.refused = None;
        // The value that it had is that before its first change.
        let old = row.fields.remove(field).map_or_else(|| old.to_owned(), |change| change.old);
        if !is_same(&old, &new) {
            row.fields.insert(field.to_owned(), Change { old, new, refused: None });
        } else if row.fields.is_empty() {
            self.rows.remove(key);
        }
        is_first
    }

    /// Takes a change back.
    pub fn undo(&mut self, key: &str, field: &str) {
        if let Some(row) = self.rows.get_mut(key) {
            row.fields.remove(field);
            if row.fields.is_empty() {
                self.rows.remove(key);
            }
        }
    }

    /// A change was saved: it is none any more, or one of what was saved where it was made anew meanwhile. Which version the row
    /// has now is not known.
    pub fn saved(&mut self, key: &str, field: &str, value: &str) {
        let Some(row) = self.rows.get_mut(key) else { return };
        row.etag = None;
        match row.fields.get_mut(field) {
            Some(change) if change.new != value => value.clone_into(&mut change.old),
            _ => self.undo(key, field),
        }
    }

    /// Takes all changes of a row back.
    pub fn undo_row(&mut self, key: &str) {
        self.rows.remove(key);
    }

    /// Compares a changed row with what the server has now: where nobody else has changed the same fields, the changes are those
    /// of that version; elsewise these are conflicts.
    pub fn compare(
        &mut self,
        row: &Row,
        etag: Option<String>,
        place: impl Fn(&str) -> Option<usize>,
    ) -> Vec<Conflict> {
        let Some(changes) = self.rows.get_mut(row.key()) else { return Vec::new() };
        let conflicts: Vec<Conflict> = changes
            .fields
            .iter()
            .filter_map(|(field, change)| {
                let theirs = row.value(place(field)?)?;
                (!is_same(theirs, &change.old) && !is_same(theirs, &change.new)).then(|| Conflict {
                    key: row.key().to_owned(),
                    field: field.clone(),
                    before: change.old.clone(),
                    theirs: theirs.to_owned(),
                    yours: change.new.clone(),
                })
            })
            .collect();
        if conflicts.is_empty() {
            changes.etag = etag;
        }
        conflicts
    }

    /// Settles a conflict: the change counts against what the other has made of it, or goes.
    pub fn settle(&mut self, conflict: &Conflict, yours: bool) {
        if !yours {
            self.undo(&conflict.key, &conflict.field);
        } else if let Some(change) =
            self.rows.get_mut(&conflict.key).and_then(|row| row.fields.get_mut(&conflict.field))
        {
            change.old.clone_from(&conflict.theirs);
        }
    }

    /// Puts what the server said of a batch at the changes that it is about. False for what is about none of them.
    pub fn refuse(&mut self, error: &FieldError) -> bool {
        let mut parts = error.pointer.trim_start_matches('/').split('/');
        if parts.next() != Some("operations") {
            return false;
        }
        let place = parts.next().and_then(|place| place.parse::<usize>().ok());
        let Some(row) = place.and_then(|place| self.rows.values_mut().nth(place)) else { return false };
        let field = parts.find(|part| *part != "body").map(|name| name.replace("~1", "/").replace("~0", "~"));
        match field.and_then(|field| row.fields.get_mut(&field)) {
            Some(change) => change.refused = Some(error.detail.clone()),
            None => row.refused = Some(error.detail.clone()),
        }
        true
    }

    /// Forgets what the server said before.
    pub fn try_again(&mut self) {
        for row in self.rows.values_mut() {
            row.refused = None;
            row.fields.values_mut().for_each(|change| change.refused = None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    fn staged() -> Staged {
        let mut staged = Staged::default();
        assert!(staged.set("a", "title", "\"x\"", "\"y\"".to_owned()));
        assert!(!staged.set("a", "pages", "1", "2".to_owned()));
        assert!(staged.set("b", "pages", "1", "null".to_owned()));
        staged
    }

    fn place(field: &str) -> Option<usize> {
        books().fields.iter().position(|own| own.name == field)
    }

    fn row(title: &str, pages: u32) -> Row {
        let text = format!(r#"{{"id": "a", "title": "{title}", "pages": {pages}}}"#);
        Row::parse(&books(), &text).expect("a row")
    }

    #[test]
    fn changing_back_is_no_change() {
        let mut staged = staged();
        assert_eq!(staged.count(), (3, 2));
        staged.set("a", "title", "\"y\"", "\"z\"".to_owned());
        assert_eq!(staged.change("a", "title").map(|change| change.old.as_str()), Some("\"x\""));
        staged.set("a", "title", "\"z\"", "\"x\"".to_owned());
        assert_eq!(staged.count(), (2, 2));
        staged.undo("b", "pages");
        staged.undo("a", "pages");
        assert!(staged.is_empty());
    }

    #[test]
    fn another_layout_is_no_change() {
        let mut staged = Staged::default();
        staged.set("a", "title", r#"{"a": [1, 2]}"#, r#"{"a":[1,2]}"#.to_owned());
        assert!(staged.is_empty());
    }

    #[test]
    fn what_is_changed_while_it_is_saved_is_a_change_still() {
        let mut staged = staged();
        let sent = staged.clone();
        staged.set("a", "title", "\"x\"", "\"z\"".to_owned());
        for (key, row) in sent.rows() {
            for (field, change) in &row.fields {
                staged.saved(key, field, &change.new);
            }
        }
        assert_eq!(staged.count(), (1, 1));
        assert_eq!(staged.change("a", "title").map(|change| change.old.as_str()), Some("\"y\""));
    }

    #[test]
    fn only_changes_of_the_same_field_are_in_conflict() {
        let mut staged = staged();
        assert_eq!(staged.compare(&row("x", 1), Some("\"7\"".to_owned()), place), []);
        assert_eq!(staged.row("a").and_then(|row| row.etag.as_deref()), Some("\"7\""));
        // Somebody else had the same in mind.
        assert_eq!(staged.compare(&row("y", 1), Some("\"8\"".to_owned()), place), []);
        let conflicts = staged.compare(&row("z", 1), Some("\"9\"".to_owned()), place);
        assert_eq!(conflicts.len(), 1);
        assert_eq!(staged.row("a").and_then(|row| row.etag.as_deref()), Some("\"8\""));
        staged.settle(&conflicts[0], true);
        assert_eq!(staged.compare(&row("z", 1), Some("\"9\"".to_owned()), place), []);
        let conflicts = staged.compare(&row("w", 5), Some("\"10\"".to_owned()), place);
        assert_eq!(conflicts.len(), 2);
        staged.settle(&conflicts[0], false);
        staged.settle(&conflicts[1], false);
        assert_eq!(staged.count(), (1, 1));
    }

    #[test]
    fn what_the_server_says_stands_where_it_belongs() {
        let mut staged = staged();
        assert!(staged.refuse(&FieldError::new("/operations/0/body/title", "taken", "taken")));
        assert_eq!(staged.change("a", "title").and_then(|change| change.refused.as_deref()), Some("taken"));
        assert!(staged.refuse(&FieldError::new("/operations/1", "gone", "gone")));
        assert_eq!(staged.row("b").and_then(|row| row.refused.as_deref()), Some("gone"));
        assert!(!staged.refuse(&FieldError::new("/operations/7/body/title", "taken", "taken")));
        assert!(!staged.refuse(&FieldError::new("?filter", "x", "x")));
        staged.try_again();
        assert_eq!(staged.change("a", "title").and_then(|change| change.refused.as_deref()), None);
    }
}
