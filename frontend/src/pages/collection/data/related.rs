//! The ways from a row to those that it points at, and to those that point at it.

use annex_openapi::collections::{Collection, Field};
use leptos::prelude::untrack;

use super::filter::terms::{contains, equals};
use super::value::{is_null, string};
use crate::shell::use_catalogue;
use crate::url;

/// The address of the row of a collection that a relation points at: open, where the relation holds its key, and elsewise found by a
/// filter. None where it cannot be found so.
fn row_link(target: &Collection, references: &str, value: &str) -> Option<String> {
    let address = format!("/collections/{}", target.name);
    if matches!(target.primary_key.as_slice(), [key] if key == references) {
        return Some(url::address(&address, &[("record", url::segment(&string(value)))]));
    }
    let filter = equals(target.field(references)?, value, false)?;
    Some(url::address(&address, &[("filter", filter)]))
}

/// The way to the row that a value points at: what it is called, and its address.
pub fn related_row(field: &Field, value: &str) -> Option<(String, String)> {
    let name = field.collection.as_deref().filter(|name| *name != "users" && !is_null(value))?;
    let target = untrack(|| use_catalogue().get(name))?;
    let link = row_link(&target, field.references.as_deref()?, value)?;
    Some((format!("Go to {name}"), link))
}

/// Rows of another collection that point at a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What they are called.
    pub words: String,
    /// The address at which they are listed.
    pub link: String,
}

/// The rows of other collections that point at a row, each relation once.
pub fn incoming(
    collection: &Collection,
    others: impl Fn(&str) -> Option<Collection>,
    value_of: impl Fn(&str) -> Option<String>,
) -> Vec<Incoming> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut found = Vec::new();
    for relation in &collection.incoming {
        let this = (relation.collection.as_str(), relation.field.as_str());
        if seen.contains(&this) {
            continue;
        }
        seen.push(this);
        let Some(other) = others(&relation.collection) else { continue };
        let Some(field) = other.field(&relation.field) else { continue };
        let condition = condition(field, &value_of);
        let alone = collection.incoming.iter().all(|one| one.collection != this.0 || one.field == this.1);
        let words = if alone { this.0.to_owned() } else { format!("{} by {}", this.0, this.1) };
        found.extend(condition.map(|filter| Incoming {
            words,
            link: url::address(&format!("/collections/{}", other.name), &[("filter", filter)]),
        }));
    }
    found
}

fn condition(field: &Field, value_of: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let value = value_of(field.references.as_deref()?)?;
    if field.array {
        return contains(field, &value);
    }
    equals(field, &value, false)
}

#[cfg(test)]
mod tests {
    use annex_openapi::collections::IncomingRelation;

    use super::*;
    use crate::pages::collection::data::fixture::books;

    #[test]
    fn rows_that_point_here_are_listed_once() {
        let mut authors = books();
        authors.name = "authors".to_owned();
        let relation = |name: &str, field: &str| IncomingRelation {
            name: name.to_owned(),
            collection: "books".to_owned(),
            field: field.to_owned(),
        };
        authors.incoming = vec![relation("books", "author"), relation("books_via_author", "author")];
        let found = incoming(&authors, |_| Some(books()), |_| Some("\"a-1\"".to_owned()));
        let link = "/collections/books?filter=author+%3D+%22a-1%22".to_owned();
        assert_eq!(found, [Incoming { words: "books".to_owned(), link }]);
    }

    #[test]
    fn a_row_is_linked_by_what_the_relation_holds() {
        let mut books = books();
        assert_eq!(row_link(&books, "id", "\"a/1\"").as_deref(), Some("/collections/books?record=a%252F1"));
        assert_eq!(row_link(&books, "pages", "7").as_deref(), Some("/collections/books?filter=pages+%3D+7"));
        // A number that JSON cannot hold comes as text, and is a number in a filter.
        assert_eq!(
            row_link(&books, "price", "\"9007199254740993\"").as_deref(),
            Some("/collections/books?filter=price+%3D+9007199254740993")
        );
        assert_eq!(row_link(&books, "tags", "[]"), None);
        assert_eq!(row_link(&books, "nothing", "7"), None);
        books.primary_key.push("pages".to_owned());
        assert_eq!(
            row_link(&books, "id", "\"a\"").as_deref(),
            Some("/collections/books?filter=id+%3D+%22a%22")
        );
    }
}
