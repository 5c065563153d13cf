//! Saving what is changed: all of it at once, against the versions that were changed.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::sheet::Sheet;
use super::staged::{Conflict, Staged};
use crate::api::records::RowUpdate;
use crate::api::{ApiError, Attempt};
use crate::ui::toast::Toasts;

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
    /// Nothing.
    pub fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            conflicts: RwSignal::new(Vec::new()),
            review: RwSignal::new(false),
            attempt: Attempt::new(),
        }
    }
}

impl Sheet {
    /// Changes a field, for now here alone. The row's version is asked for with its first change.
    pub fn stage(self, key: &str, field: &str, old: &str, new: String) {
        let is_first = self.staged.try_update(|staged| staged.set(key, field, old, new)).unwrap_or_default();
        if is_first && self.staged.with_untracked(|staged| staged.row(key).is_some()) {
            let key = key.to_owned();
            spawn_local(async move {
                // Where this fails it is asked for again when the changes are saved.
                self.compare(&key).await.ok();
            });
        }
    }

    /// Compares the changes of a row with what the server has.
    async fn compare(self, key: &str) -> Result<Vec<Conflict>, ApiError> {
        let collection = self.collection.get_untracked();
        let (row, etag) = self.api.row(&collection, key).await?;
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
        spawn_local(async move {
            self.save_all(toasts).await;
            saving.busy.try_set(false);
        });
    }

    async fn save_all(self, toasts: Toasts) {
        self.staged.update(Staged::try_again);
        let unknown: Vec<String> = self.staged.with_untracked(|staged| {
            let rows = staged.rows().filter(|(_, row)| row.etag.is_none());
            rows.map(|(key, _)| key.clone()).collect()
        });
        // What somebody else has changed in other fields is no matter: once.
        let mut again = true;
        if !self.are_free(&unknown, toasts).await {
            return;
        }
        loop {
            let changes = self.staged.get_untracked();
            match self.send(&changes).await {
                Ok(()) => {
                    let (fields, _) = changes.count();
                    let words =
                        if fields == 1 { "Saved".to_owned() } else { format!("Saved {fields} changes") };
                    toasts.forget(NOT_SAVED);
                    toasts.forget(NOT_KNOWN);
                    toasts.say(words);
                    self.saving.review.set(false);
                    return;
                }
                Err(error) if error.status() == Some(412) && again => {
                    again = false;
                    let all: Vec<String> = changes.rows().map(|(key, _)| key.clone()).collect();
                    if !self.are_free(&all, toasts).await {
                        return;
                    }
                }
                Err(error) => {
                    let told = error.fields().iter().filter(|error| {
                        self.staged.try_update(|staged| staged.refuse(error)).unwrap_or_default()
                    });
                    if told.count() > 0 {
                        self.saving.review.set(true);
                    }
                    toasts.fail(if error.leaves_open() { NOT_KNOWN } else { NOT_SAVED }, &error);
                    return;
                }
            }
        }
    }

    /// Whether nobody else has changed the same fields of these rows; elsewise it is asked what shall be.
    async fn are_free(self, keys: &[String], toasts: Toasts) -> bool {
        let mut conflicts = Vec::new();
        for key in keys {
            match self.compare(key).await {
                Ok(found) => conflicts.extend(found),
                Err(error) => {
                    toasts.fail(NOT_SAVED, &error);
                    return false;
                }
            }
        }
        let free = conflicts.is_empty();
        self.saving.conflicts.set(conflicts);
        free
    }

    /// Sends the changes; those that are saved are changes no more.
    async fn send(self, changes: &Staged) -> Result<(), ApiError> {
        let collection = self.collection.get_untracked();
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
            let rows = self.api.update_rows(&collection, updates, self.saving.attempt).await?;
            self.source.replace(&rows);
            self.staged.update(|staged| {
                for update in updates {
                    for (field, value) in &update.fields {
                        staged.saved(update.key, field, value);
                    }
                }
            });
        }
        Ok(())
    }
}
