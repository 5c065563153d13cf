//! Asking for the pages that are looked at.

use std::ops::Range;

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::super::window::PAGE;
use super::{Request, Source, State};
use crate::api::records::{Count, Start};

/// How many requests for pages are under way at most.
const AT_ONCE: usize = 3;

impl Source {
    /// Sees to it that these rows come. Requests for others are given up; in a hurry, where the rows pass by faster than they
    /// could come, nothing new is asked for.
    pub fn want(self, shown: Range<usize>, forward: bool, hurry: bool) {
        if self.failure.with_untracked(Option::is_some) {
            return;
        }
        let shared = self.state();
        let mut state = shared.borrow_mut();
        let wanted = state.window.wanted(shown, forward);
        let pages: Vec<(usize, Start)> = wanted
            .into_iter()
            .filter(|page| !state.window.holds(*page))
            .map(|page| state.window.start(page))
            .collect();
        state.let_go(|page| pages.iter().any(|(wanted, _)| *wanted == page));
        if pages.is_empty() {
            state.before = None;
            state.gone.clear();
        }
        if hurry {
            return;
        }
        for (page, start) in pages {
            // The page after one that is coming waits for its cursor.
            let is_coming = |one: usize| state.requests.iter().any(|request| request.page == one);
            let waits = is_coming(page) || page.checked_sub(1).is_some_and(is_coming);
            if state.requests.len() < AT_ONCE && !waits {
                let abort = AbortController::new().ok();
                state.requests.push(Request { page, abort: abort.clone() });
                self.fetch(&state, page, start, abort);
            }
        }
    }

    fn fetch(self, state: &State, page: usize, start: Start, abort: Option<AbortController>) {
        let (listing, list) = (state.listing.clone(), state.list);
        let count = (!state.counted).then_some(Count::Estimated);
        let collection = self.collection.get_untracked();
        spawn_local(async move {
            let signal = abort.as_ref().map(AbortController::signal);
            let answer = self.api.rows(&collection, &listing, &start, PAGE, count, signal.as_ref()).await;
            if signal.is_some_and(|signal| signal.aborted()) {
                return;
            }
            let mut failure = None;
            self.change(|state| {
                if state.list != list {
                    return;
                }
                state.requests.retain(|request| request.page != page);
                match answer {
                    Ok(answer) => {
                        if let Some(count) = answer.count.filter(|_| !state.counted) {
                            state.counted = true;
                            state.window.extent().believe(usize::try_from(count).unwrap_or_default());
                        }
                        state.window.insert(page, answer.items, answer.next_cursor);
                        if !state.hidden.is_empty() {
                            state.hide();
                        }
                        if let Some(again) = state.told.again() {
                            again(self, state);
                        }
                    }
                    Err(error) => {
                        state.let_go(|_| false);
                        failure = Some(error);
                    }
                }
            });
            if failure.is_some() {
                self.failure.try_set(failure);
            }
            self.touch();
        });
    }
}
