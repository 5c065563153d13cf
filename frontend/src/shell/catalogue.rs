//! The collections, read once and shared by all pages.

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Api, ApiError};

/// The collections as the server has them.
#[derive(Clone, Copy)]
pub struct Catalogue {
    api: Api,
    collections: RwSignal<Option<Vec<Collection>>>,
    failure: RwSignal<Option<ApiError>>,
}

/// The catalogue of the surrounding view.
pub fn use_catalogue() -> Catalogue {
    expect_context()
}

impl Catalogue {
    /// Reads it.
    pub fn load(api: Api) -> Self {
        let this = Self { api, collections: RwSignal::new(None), failure: RwSignal::new(None) };
        this.reload();
        this
    }

    /// Reads it again; what is there shows until then.
    pub fn reload(self) {
        spawn_local(async move {
            match self.api.collections().await {
                Ok(collections) => {
                    self.failure.try_set(None);
                    self.collections.try_set(Some(collections));
                }
                Err(error) => {
                    self.failure.try_set(Some(error));
                }
            }
        });
    }

    /// Every collection, by name; `None` until they are read.
    pub fn all(self) -> Option<Vec<Collection>> {
        self.collections.get()
    }

    /// The collection of that name, where there is one.
    pub fn get(self, name: &str) -> Option<Collection> {
        self.collections.with(|all| all.as_ref()?.iter().find(|collection| collection.name == name).cloned())
    }

    /// Whether they have been read.
    pub fn is_loaded(self) -> bool {
        self.collections.with(Option::is_some)
    }

    /// Why they could not be read, where they could not.
    pub fn failure(self) -> RwSignal<Option<ApiError>> {
        self.failure
    }

    /// Puts a collection in place of the one of that name, after a change of it.
    pub fn put(self, name: &str, changed: Collection) {
        self.collections.update(|all| {
            let all = all.get_or_insert_default();
            all.retain(|collection| collection.name != name && collection.name != changed.name);
            all.push(changed);
            all.sort_by(|one, other| one.name.cmp(&other.name));
        });
    }
}
