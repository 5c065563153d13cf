//! What all parts of the data tab share.

use annex_openapi::collections::{Collection, CollectionKind};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::address::Address;
use super::deleted;
use super::edit::cell::Editing;
use super::edit::staged::Staged;
use super::edit::{Saving, keep, kept};
use super::filter::terms::equals;
use super::labels::Labels;
use super::layout::{Layout, NARROWEST, Preferences, WIDEST};
use super::selection::Selection;
use super::source::Source;
use crate::api::records::{Listing, Row, Start};
use crate::api::{Api, ApiError, use_api};
use crate::browser;
use crate::pages::collection::frame::use_collection;
use crate::shell::use_catalogue;
use crate::url::{self, UrlQuery, use_url_query};

/// A cell: its row, `None` for the header, and its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row's place in the list.
    pub row: Option<usize>,
    /// The column's place among those that show.
    pub column: usize,
}

/// The data tab of a collection.
#[derive(Clone, Copy)]
pub struct Sheet {
    /// The API.
    pub api: Api,
    /// The collection.
    pub collection: Memo<Collection>,
    /// What the page's address says.
    pub address: Memo<Address>,
    /// The columns that show.
    pub layout: Memo<Layout>,
    /// The rows.
    pub source: Source,
    /// What rows are called that relations point at.
    pub labels: Labels,
    /// The rows that something will be done with.
    pub selection: RwSignal<Selection>,
    /// What is changed and not saved yet.
    pub staged: RwSignal<Staged>,
    /// The cell that is being changed.
    pub editing: RwSignal<Option<Editing>>,
    /// What is asked when the changes are saved.
    pub saving: Saving,
    /// The cell that the keyboard is on.
    pub active: RwSignal<Place>,
    preferences: RwSignal<Preferences>,
    query: UrlQuery,
}

/// The data tab of the surrounding view.
pub fn use_sheet() -> Sheet {
    expect_context()
}

impl Sheet {
    /// The data tab of the surrounding page's collection.
    pub fn new() -> Self {
        let (api, collection) = (use_api(), use_collection());
        let query = use_url_query();
        // On the way to another page the address is that page's already.
        let (path, own) = (use_location().pathname, collection.with_untracked(|own| own.name.clone()));
        let own = format!("/collections/{own}");
        let address = Memo::new(move |before: Option<&Address>| match before {
            Some(before) if path.with(|path| path.trim_end_matches('/') != own) => before.clone(),
            _ => Address::read(|name| query.get(name)),
        });
        let preferences = RwSignal::new(kept_preferences(&collection.get_untracked().name));
        let layout = Memo::new(move |_| {
            let chosen = address.with(|address| address.columns.clone());
            collection.with(|collection| {
                preferences.with(|preferences| Layout::new(collection, preferences, chosen.as_deref()))
            })
        });
        let hidden = collection.with_untracked(|collection| deleted::pending(&collection.name));
        let source = Source::new(api, collection, hidden);
        let listing = Memo::new(move |_| address.with(|address| address.listing.clone()));
        let selection = RwSignal::new(Selection::default());
        Effect::new(move || {
            source.begin(listing.get());
            selection.set(Selection::default());
        });
        let active = RwSignal::new(Place { row: Some(0), column: 0 });
        let labels = Labels::new(api, use_catalogue());
        let (account, name) = owner(api, collection);
        let staged = RwSignal::new(kept(&account, &name));
        deleted::show_in(source, &name);
        Effect::new(move || staged.with(|staged| keep(&account, &name, staged)));
        Self {
            api,
            collection,
            address,
            layout,
            source,
            labels,
            selection,
            staged,
            editing: RwSignal::new(None),
            saving: Saving::new(),
            active,
            preferences,
            query,
        }
    }

    /// Whose changes these are.
    pub fn account(self) -> String {
        account(self.api)
    }

    /// Changes these fields again, also where the view is gone meanwhile.
    pub fn restage(self, changes: Staged) -> impl Fn() + Send + Sync + 'static {
        let (account, name) = owner(self.api, self.collection);
        move || {
            keep(&account, &name, &changes);
            self.staged.try_set(changes.clone());
        }
    }

    /// Reads a row by its key, and its version where that is told.
    pub async fn read(self, collection: &Collection, key: &str) -> Result<(Row, Option<String>), ApiError> {
        if !url::is_step(key) {
            let (row, etag) = self.api.row(collection, key).await?;
            return Ok((row, Some(etag)));
        }
        // No path can name it, but a filter can.
        let field = collection.primary_key.first().and_then(|name| collection.field(name));
        let filter = field.and_then(|field| equals(field, &serde_json::Value::from(key).to_string(), false));
        let listing = Listing { filter: filter.unwrap_or_default(), ..Listing::default() };
        let found = self.api.rows(collection, &listing, &Start::default(), 1, None, None).await?;
        let row = found.items.into_iter().next().filter(|row| row.key() == key);
        let missing =
            || ApiError::Here("There is no such row", "No row has this key, or you may not see it.");
        Ok((row.ok_or_else(missing)?, None))
    }

    /// Whether rows can be written: a view of the database cannot, and never becomes a table.
    pub fn is_writable(self) -> bool {
        self.collection.with_untracked(|collection| collection.kind == CollectionKind::Table)
    }

    /// Changes what the address says, as a step of its own for the browser's way back.
    pub fn go(self, change: impl FnOnce(&mut Address)) {
        let mut address = self.address.get_untracked();
        change(&mut address);
        if self.address.with_untracked(|now| *now != address) {
            self.query.push(&address.changes());
        }
    }

    /// Shows other columns, or in another order: in the address where that says which, and kept in the browser elsewise.
    pub fn arrange(self, change: impl FnOnce(&mut Vec<String>)) {
        let mut shown = self.layout.with_untracked(Layout::names);
        change(&mut shown);
        if self.address.with_untracked(|address| address.columns.is_some()) {
            self.go(|address| address.columns = Some(shown));
        } else {
            let collection = self.collection.get_untracked();
            self.prefer(|preferences| preferences.arrange(&collection, &shown));
        }
    }

    /// Makes a column that wide, in pixels.
    pub fn widen(self, column: &str, width: f64) {
        let width = width.clamp(NARROWEST, WIDEST).round();
        self.prefer(|preferences| {
            preferences.widths.insert(column.to_owned(), width);
        });
    }

    /// What is set for the columns.
    pub fn preferences(self) -> ReadSignal<Preferences> {
        self.preferences.read_only()
    }

    /// Sets something for the columns, and keeps it in the browser.
    pub fn prefer(self, change: impl FnOnce(&mut Preferences)) {
        self.preferences.update(change);
        let name = self.collection.with_untracked(|collection| collection.name.clone());
        let text = self.preferences.with_untracked(|preferences| serde_json::to_string(preferences).ok());
        browser::store(&storage_name(&name), text.as_deref());
    }
}

/// Whose changes of which collection they are.
fn owner(api: Api, collection: Memo<Collection>) -> (String, String) {
    (account(api), collection.with_untracked(|collection| collection.name.clone()))
}

fn account(api: Api) -> String {
    let account = api.session().user().with_untracked(|user| user.as_ref().map(|user| user.id.to_string()));
    account.unwrap_or_default()
}

fn storage_name(collection: &str) -> String {
    format!("annex.columns.{collection}")
}

fn kept_preferences(collection: &str) -> Preferences {
    let text = browser::stored(&storage_name(collection));
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
