//! The tokens of this browser's session. The access token stays in memory; the refresh token is kept, and renewed once for
//! all calls that wait for it.

use std::cell::RefCell;
use std::rc::Rc;

use annex_openapi::auth::{TokenResponse, User};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use leptos::prelude::*;

use super::ApiError;
use crate::browser;

/// Where the refresh token is kept.
const KEY: &str = "annex.refresh_token";

/// A renewal under way: true when there is a new access token.
type Renewal = Shared<LocalBoxFuture<'static, Result<(), ApiError>>>;

/// The session of this browser.
#[derive(Clone, Copy)]
pub struct Session {
    access: StoredValue<Option<String>>,
    renewal: StoredValue<Rc<RefCell<Option<Renewal>>>, LocalStorage>,
    user: RwSignal<Option<User>>,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            access: StoredValue::new(None),
            renewal: StoredValue::new_local(Rc::default()),
            user: RwSignal::new(None),
        }
    }

    /// Whose session it is, once that is known.
    pub fn user(self) -> RwSignal<Option<User>> {
        self.user
    }

    pub(super) fn access_token(self) -> Option<String> {
        self.access.get_value()
    }

    pub(super) fn refresh_token(self) -> Option<String> {
        browser::stored(KEY)
    }

    pub(super) fn begin(self, tokens: TokenResponse) {
        browser::store(KEY, Some(&tokens.refresh_token));
        self.access.set_value(Some(tokens.access_token));
        if self.user.with_untracked(|user| user.as_ref() != Some(&tokens.user)) {
            self.user.set(Some(tokens.user));
        }
    }

    pub(super) fn end(self) {
        browser::store(KEY, None);
        self.access.set_value(None);
        self.user.set(None);
    }

    /// Runs `renew`, or waits for the renewal that is under way.
    pub(super) async fn renew(
        self,
        renew: impl Future<Output = Result<(), ApiError>> + 'static,
    ) -> Result<(), ApiError> {
        let slot = self.renewal.get_value();
        let renewal = slot.borrow_mut().get_or_insert_with(|| renew.boxed_local().shared()).clone();
        let outcome = renewal.await;
        slot.borrow_mut().take();
        outcome
    }
}
