//! Choosing rows.

mod bar;
mod change;

use std::ops::Range;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::sheet::Sheet;
use crate::format;
use crate::ui::toast::Toasts;
pub use bar::ChosenBar;

/// How many rows can be chosen one by one: what one transaction takes.
const MOST: usize = 1000;

impl Sheet {
    /// Chooses the row at a place, or no more.
    pub fn toggle_row(self, place: usize) {
        if let Some(key) = self.source.with_row(place, |row| row.key().to_owned()) {
            self.selection.update(|selection| selection.toggle(place, &key));
        }
    }

    /// Chooses the rows from the one that was chosen last up to a place.
    pub fn choose_to(self, place: usize, toasts: Toasts) {
        let range = self.selection.with_untracked(|selection| selection.range_to(place));
        self.choose(range, toasts);
    }

    fn choose(self, places: Range<usize>, toasts: Toasts) {
        let too_many = move || {
            toasts.warn(format!(
                "At most {} rows can be selected one by one: filter, and select all that match",
                format::count(MOST as i64)
            ));
        };
        if places.len() > MOST {
            return too_many();
        }
        spawn_local(async move {
            match self.source.keys(places).await {
                Ok(keys) => {
                    if self.selection.try_update(|selection| selection.add(keys, MOST)) == Some(false) {
                        too_many();
                    }
                }
                Err(error) => toasts.fail("The rows could not be selected", &error),
            }
        });
    }
}
