//! What the rows are called that relations point at: their names are read beside the rows themselves, many at once, and kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use annex_openapi::collections::{Collection, Field, FieldType};
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::filter::terms::literal;
use super::value::{is_null, string};
use crate::api::Api;
use crate::shell::Catalogue;

/// How many names are asked for at once.
const AT_ONCE: usize = 60;
/// How many are kept.
const KEPT: usize = 20_000;
/// Names are waited for so many milliseconds, so that all that show are asked for together.
const GATHER: u64 = 40;

/// The field by which people tell the rows of a collection apart, besides the key.
pub fn label_field(collection: &Collection) -> Option<&Field> {
    const NAMES: [&str; 8] = ["name", "title", "label", "display_name", "full_name", "email", "slug", "code"];
    let is_word = |field: &&Field| {
        matches!(field.type_, FieldType::Text | FieldType::Email) && !field.array && !field.primary_key
    };
    let words = || collection.fields.iter().filter(is_word);
    let named = NAMES.iter().find_map(|name| words().find(|field| field.name == **name));
    named.or_else(|| words().find(|field| field.unique))
}

/// The names of rows that relations point at.
#[derive(Clone, Copy)]
pub struct Labels {
    api: Api,
    catalogue: Catalogue,
    state: StoredValue<Rc<RefCell<State>>, LocalStorage>,
    changed: RwSignal<u32>,
}

/// By collection, and there by the JSON text of what a relation holds.
#[derive(Default)]
struct State {
    /// Nothing for a row that has no name.
    known: HashMap<String, HashMap<String, Option<Rc<str>>>>,
    count: usize,
    wanted: BTreeMap<(String, String), BTreeSet<String>>,
    waiting: bool,
}

impl Labels {
    /// None yet.
    pub fn new(api: Api, catalogue: Catalogue) -> Self {
        Self { api, catalogue, state: StoredValue::new_local(Rc::default()), changed: RwSignal::new(0) }
    }

    /// Tells whoever asks within an effect that other names are known.
    pub fn track(self) {
        self.changed.track();
    }

    /// The name of the row that a relation points at, where it is known; elsewise it is asked for where `ask` says so.
    pub fn get(self, field: &Field, value: &str, ask: bool) -> Option<Rc<str>> {
        let (collection, references) = (field.collection.as_deref()?, field.references.as_deref()?);
        if is_null(value) {
            return None;
        }
        let state = self.state.get_value();
        let mut state = state.borrow_mut();
        if let Some(known) = state.known.get(collection).and_then(|known| known.get(value)) {
            return known.clone();
        }
        if !ask {
            return None;
        }
        let wanted = state.wanted.entry((collection.to_owned(), references.to_owned())).or_default();
        wanted.insert(value.to_owned());
        if !state.waiting {
            state.waiting = true;
            set_timeout(move || self.ask(), Duration::from_millis(GATHER));
        }
        None
    }

    /// Says what a row is called.
    pub fn put(self, collection: &str, value: &str, label: &str) {
        self.state.get_value().borrow_mut().put(collection, value, Some(label));
        self.changed.update(|changes| *changes = changes.wrapping_add(1));
    }

    fn ask(self) {
        let Some(state) = self.state.try_get_value() else { return };
        let wanted = {
            let mut state = state.borrow_mut();
            state.waiting = false;
            std::mem::take(&mut state.wanted)
        };
        for ((name, references), values) in wanted {
            // They are asked for once, whatever comes of it.
            values.iter().for_each(|value| state.borrow_mut().put(&name, value, None));
            spawn_local(async move {
                if name == "users" {
                    self.ask_accounts(values).await;
                } else {
                    self.ask_rows(&name, &references, values).await;
                }
            });
        }
    }

    async fn ask_rows(self, name: &str, references: &str, values: BTreeSet<String>) {
        let collection = untrack(|| self.catalogue.get(name));
        let Some(collection) = collection else { return };
        let place = |name: &str| collection.fields.iter().position(|field| field.name == name);
        let Some((label, key)) = label_field(&collection).and_then(|label| Some((label, place(references)?)))
        else {
            return;
        };
        let Some(label_place) = place(&label.name) else { return };
        let values: Vec<String> = values.into_iter().collect();
        for some in values.chunks(AT_ONCE) {
            let list: Vec<String> = some
                .iter()
                .filter_map(|value| literal(&collection.fields[key], value))
                .map(|value| value.to_string())
                .collect();
            let filter = format!("`{}` in [{}]", references.replace('`', "``"), list.join(", "));
            let Ok(rows) =
                self.api.some_rows(&collection, filter, &[references, &label.name], some.len()).await
            else {
                return;
            };
            if let Some(state) = self.state.try_get_value() {
                for row in rows {
                    let (key, label) = (row.value(key), row.value(label_place));
                    if let (Some(key), Some(label)) = (key, label.filter(|label| !is_null(label))) {
                        state.borrow_mut().put(name, key, Some(&string(label)));
                    }
                }
                self.changed.update(|changes| *changes = changes.wrapping_add(1));
            }
        }
    }

    async fn ask_accounts(self, values: BTreeSet<String>) {
        for value in values {
            let Ok(id) = Uuid::parse_str(&string(&value)) else { continue };
            if let (Ok(user), Some(_)) = (self.api.user(id).await, self.state.try_get_value()) {
                self.put("users", &value, &user.email);
            }
        }
    }
}

impl State {
    fn put(&mut self, collection: &str, value: &str, label: Option<&str>) {
        if self.count > KEPT {
            self.known.clear();
            self.count = 0;
        }
        let of_collection = self.known.entry(collection.to_owned()).or_default();
        if of_collection.insert(value.to_owned(), label.map(Rc::from)).is_none() {
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    #[test]
    fn rows_are_called_by_what_people_know_them_by() {
        let mut books = books();
        assert_eq!(label_field(&books).map(|field| field.name.as_str()), Some("title"));
        books.fields.retain(|field| field.name != "title");
        assert_eq!(label_field(&books), None);
    }
}
