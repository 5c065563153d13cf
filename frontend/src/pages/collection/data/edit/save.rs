//! Saving what is changed: all of it at once, against the versions that were changed.

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::sheet::Sheet;
use super::kept::{keep, kept};
use super::staged::{Conflict, Staged};
use crate::api::records::RowUpdate;
use crate::api::{ApiError, Attempt};
use crate::ui::toast::Toasts;
use crate::url::use_url_query;

/// How many rows are saved in one transaction.
const AT_ONCE: usize = 1000;
/// What is said where they could not be.
const NOT_SAVED: &str = "Nothing was saved";
/// What is said where no answer came: it may be saved, and saving again does it no second time.
const NOT_KNOWN: &str = "It is not known whether this was saved";

/// What is asked of whoever saves.
#[derive(Clone, Copy)]
pub struct Saving {
    /// Whether it goes on.
    pub busy: RwSignal<bool>,
    /// What others have changed meanwhile.
    pub conflicts: RwSignal<Vec<Conflict>>,
    /// Whether the changes are looked through.
    pub review: RwSignal<bool>,
    /// What was sent last, for as long as it is not known what came of it.
    pub attempt: Attempt,
}

impl Saving {
    /// Nothing is asked; whether the changes are looked through stands in the address.
    pub fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            conflicts: RwSignal::new(Vec::new()),
            review: use_url_query().dialog("review"),
            attempt: Attempt::new(),
        }
    }
}

/// What is written, and by whom: known also once the view is gone.
struct Writing {
    collection: Collection,
    account: String,
}

impl Sheet {
    /// Changes a field, for now here alone. The row's version is asked for with its first change.
    pub fn stage(self, key: &str, field: &str, old: &str, new: String) {
        let is_first = self.staged.try_update(|staged| staged.set(key, field, old, new)).unwrap_or_default();
        if is_first && self.staged.with_untracked(|staged| staged.row(key).is_some()) {
            let (key, collection) = (key.to_owned(), self.collection.get_untracked());
            spawn_local(async move {
                // Where this fails it is asked for again when the changes are saved.
                self.compare(&collection, &key).await.ok();
            });
        }
    }

    /// Compares the changes of a row with what the server has.
    async fn compare(self, collection: &Collection, key: &str) -> Result<Vec<Conflict>, ApiError> {
        let (row, etag) = self.read(collection, key).await?;
        let place = |name: &str| collection.fields.iter().position(|field| field.name == name);
        let conflicts =
            self.staged.try_update(|staged| staged.compare(&row, etag, place)).unwrap_or_default();
        self.source.replace(&[row]);
        Ok(conflicts)
    }

    /// Saves all changes.
    pub fn save(self, toasts: Toasts) {
        let saving = self.saving;
        if saving.busy.get_untracked() || self.staged.with_untracked(Staged::is_empty) {
            return;
        }
        saving.busy.set(true);
        self.staged.update(Staged::try_again);
        let writing = Writing { collection: self.collection.get_untracked(), account: self.account() };
        spawn_local(async move {
            self.save_all(&writing, toasts).await;
            saving.busy.try_set(false);
        });
    }

    async fn save_all(self, writing: &Writing, toasts: Toasts) {
        let unknown: Vec<String> = self.staged.with_untracked(|staged| {
            let rows = staged.rows().filter(|(_, row)| row.etag.is_none());
            rows.map(|(key, _)| key.clone()).collect()
        });
        // What somebody else has changed in other fields is no matter: once.
        let mut again = true;
        if !self.are_free(writing, &unknown, toasts).await {
            return;
        }
        // Where the view has gone meanwhile, its changes are kept and not sent.
        while let Some(changes) = self.staged.try_get_untracked() {
            match self.send(writing, &changes).await {
                Ok(()) => {
                    let (fields, _) = changes.count();
                    let words =
                        if fields == 1 { "Saved".to_owned() } else { format!("Saved {fields} changes") };
                    toasts.forget(NOT_SAVED);
                    toasts.forget(NOT_KNOWN);
                    toasts.say(words);
                    self.saving.review.try_set(false);
                    return;
                }
                Err(error) if error.status() == Some(412) && again => {
                    again = false;
                    let all: Vec<String> = changes.rows().map(|(key, _)| key.clone()).collect();
                    if !self.are_free(writing, &all, toasts).await {
                        return;
                    }
                }
                Err(error) => {
                    let told = error.fields().iter().filter(|error| {
                        self.staged.try_update(|staged| staged.refuse(error)).unwrap_or_default()
                    });
                    if told.count() > 0 {
                        self.saving.review.try_set(true);
                    }
                    toasts.fail(if error.leaves_open() { NOT_KNOWN } else { NOT_SAVED }, &error);
                    return;
                }
            }
        }
    }

    /// Whether nobody else has changed the same fields of these rows; elsewise it is asked what shall be.
    async fn are_free(self, writing: &Writing, keys: &[String], toasts: Toasts) -> bool {
        let mut conflicts = Vec::new();
        for key in keys {
            match self.compare(&writing.collection, key).await {
                Ok(found) => conflicts.extend(found),
                Err(error) => {
                    toasts.fail(NOT_SAVED, &error);
                    return false;
                }
            }
        }
        let free = conflicts.is_empty();
        self.saving.conflicts.try_set(conflicts);
        free
    }

    /// Sends the changes; those that are saved are changes no more.
    async fn send(self, writing: &Writing, changes: &Staged) -> Result<(), ApiError> {
        let Writing { collection, account } = writing;
        let updates: Vec<RowUpdate<'_>> = changes
            .rows()
            .map(|(key, row)| RowUpdate {
                key,
                fields: row
                    .fields
                    .iter()
                    .map(|(name, change)| (name.as_str(), change.new.as_str()))
                    .collect(),
                etag: row.etag.as_deref(),
            })
            .collect();
        for updates in updates.chunks(AT_ONCE) {
            let rows = self.api.update_rows(collection, updates, self.saving.attempt).await?;
            self.source.replace(&rows);
            let settle = |staged: &mut Staged| {
                for update in updates {
                    for (field, value) in &update.fields {
                        staged.saved(update.key, field, value);
                    }
                }
            };
            // Where the view has gone meanwhile, what it kept is settled.
            if self.staged.try_update(settle).is_none() {
                let mut left = kept(account, &collection.name);
                settle(&mut left);
                keep(account, &collection.name, &left);
            }
        }
        Ok(())
    }
}
