//! What all parts of the data tab share.

use annex_openapi::collections::{Collection, CollectionKind};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::address::Address;
use super::layout::{Layout, Preferences};
use super::source::Source;
use crate::api::{Api, use_api};
use crate::browser;
use crate::pages::collection::frame::use_collection;

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
    /// The cell that the keyboard is on.
    pub active: RwSignal<Place>,
    preferences: RwSignal<Preferences>,
    go: Callback<(Address, bool)>,
}

/// The data tab of the surrounding view.
pub fn use_sheet() -> Sheet {
    expect_context()
}

impl Sheet {
    /// The data tab of the surrounding page's collection.
    pub fn new() -> Self {
        let (api, collection) = (use_api(), use_collection());
        let (location, navigate) = (use_location(), use_navigate());
        let pathname = location.pathname.get_untracked();
        let address = Memo::new(move |_| Address::parse(&location.search.get()));
        let go = Callback::new(move |(address, replace): (Address, bool)| {
            let target = format!("{pathname}{}", address.write());
            navigate(&target, NavigateOptions { replace, scroll: false, ..NavigateOptions::default() });
        });
        let preferences = RwSignal::new(kept(&collection.get_untracked().name));
        let layout = Memo::new(move |_| {
            let chosen = address.with(|address| address.columns.clone());
            collection.with(|collection| {
                preferences.with(|preferences| Layout::new(collection, preferences, chosen.as_deref()))
            })
        });
        let source = Source::new(api, collection);
        let listing = Memo::new(move |_| address.with(|address| address.listing.clone()));
        Effect::new(move || source.begin(listing.get()));
        let active = RwSignal::new(Place { row: Some(0), column: 0 });
        Self { api, collection, address, layout, source, active, preferences, go }
    }

    /// Whether rows can be written: a view of the database cannot.
    pub fn is_writable(self) -> bool {
        self.collection.with(|collection| collection.kind == CollectionKind::Table)
    }

    /// Changes what the address says. Going back undoes it, where it does not `replace` what was there.
    pub fn go(self, replace: bool, change: impl FnOnce(&mut Address)) {
        let mut address = self.address.get_untracked();
        change(&mut address);
        if self.address.with_untracked(|now| *now != address) {
            self.go.run((address, replace));
        }
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

fn storage_name(collection: &str) -> String {
    format!("annex.columns.{collection}")
}

fn kept(collection: &str) -> Preferences {
    let text = browser::stored(&storage_name(collection));
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
