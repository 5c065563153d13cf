//! The tokens of this browser's session. The access token stays in memory; the refresh token is kept, and renewed once for
//! all calls that wait for it. All tabs share what is kept; what is loaded into a tab is one account's, and goes with it.

use std::cell::RefCell;
use std::future;
use std::rc::Rc;

use annex_openapi::auth::{TokenResponse, User};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use leptos::ev;
use leptos::prelude::*;

use super::ApiError;
use super::token::Token;
use crate::{browser, leaving};

/// Where the refresh token is kept.
const KEY: &str = "annex.refresh_token";
/// Where it is kept whose it is; written before the token.
const ACCOUNT: &str = "annex.account";

/// A renewal under way, for all that wait for it: there is a new access token once it is done without an error.
type Renewal = Shared<LocalBoxFuture<'static, Result<(), ApiError>>>;

/// The session of this browser.
#[derive(Clone, Copy)]
pub struct Session {
    access: StoredValue<Option<Token>>,
    renewal: StoredValue<Rc<RefCell<Option<Renewal>>>, LocalStorage>,
    user: RwSignal<Option<User>>,
    /// The account that this tab has shown something to.
    owner: StoredValue<Option<String>>,
    /// Whether the console is about to be loaded anew.
    leaving: StoredValue<bool>,
}

/// What has become of a tab's session in another tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elsewhere {
    Ended,
    Replaced,
}

impl Elsewhere {
    fn seen(owner: &str, has_token: bool, account: Option<&str>) -> Option<Self> {
        if !has_token {
            return Some(Self::Ended);
        }
        account.is_some_and(|account| account != owner).then_some(Self::Replaced)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Ended => "You were signed out in another tab",
            Self::Replaced => {
                "Another account has signed in, in another tab: this tab is signed in as that account now"
            }
        }
    }
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            access: StoredValue::new(None),
            renewal: StoredValue::new_local(Rc::default()),
            user: RwSignal::new(None),
            owner: StoredValue::new(None),
            leaving: StoredValue::new(false),
        }
    }

    /// Follows what other tabs make of the session.
    pub(super) fn watch(self) {
        // For as long as the console is open.
        let _listener = window_event_listener(ev::storage, move |event| {
            if event.key().is_none_or(|key| key == KEY) {
                self.leave_where_over();
            }
        });
    }

    /// Does something when another tab has signed in, for as long as the surrounding view is there.
    pub fn when_begun_elsewhere(self, act: impl Fn() + 'static) {
        let listener = window_event_listener(ev::storage, move |event| {
            if event.key().is_some_and(|key| key == KEY) && self.refresh_token().is_some() {
                act();
            }
        });
        on_cleanup(move || listener.remove());
    }

    /// Leaves a session that another tab has ended or replaced; says whether it was.
    pub(super) fn leave_where_over(self) -> bool {
        let elsewhere = self.user.with_untracked(|user| {
            let owner = user.as_ref()?.id.to_string();
            Elsewhere::seen(&owner, self.refresh_token().is_some(), browser::stored(ACCOUNT).as_deref())
        });
        if let Some(elsewhere) = elsewhere {
            self.leave(Some(elsewhere));
        }
        self.leaving.get_value()
    }

    /// Forgets everything that was loaded, by loading the console anew.
    fn leave(self, elsewhere: Option<Elsewhere>) {
        self.leaving.set_value(true);
        self.access.set_value(None);
        self.user.set(None);
        leaving::ask_no_more();
        browser::start_anew(elsewhere.map(Elsewhere::words));
    }

    /// Whether somebody was signed in here, and is not any more.
    pub(super) fn is_over(self) -> bool {
        self.leaving.get_value() || self.refresh_token().is_none() && self.owner.with_value(Option::is_some)
    }

    /// Whose session it is, once that is known.
    pub fn user(self) -> RwSignal<Option<User>> {
        self.user
    }

    pub(super) fn access_token(self) -> Option<String> {
        self.access.with_value(|token| token.as_ref().map(|token| token.text.clone()))
    }

    /// The access token, with how long it is used.
    pub(super) fn token(self) -> Option<Token> {
        self.access.get_value()
    }

    pub(super) fn refresh_token(self) -> Option<String> {
        browser::stored(KEY)
    }

    /// Takes up a session. That of another account than this tab's begins by loading the console anew, and nothing that the
    /// first account has begun goes on.
    pub(super) fn begin(self, tokens: TokenResponse) -> Result<(), ApiError> {
        let account = tokens.user.id.to_string();
        browser::store(ACCOUNT, Some(&account));
        browser::store(KEY, Some(&tokens.refresh_token));
        if self.owner.with_value(|owner| owner.as_ref().is_some_and(|owner| *owner != account)) {
            let was_here = self.user.with_untracked(Option::is_some);
            self.leave(was_here.then_some(Elsewhere::Replaced));
            return Err(ApiError::SignedOut);
        }
        self.owner.set_value(Some(account));
        self.access.set_value(Some(Token::new(tokens.access_token, tokens.expires_in)));
        if self.user.with_untracked(|user| user.as_ref() != Some(&tokens.user)) {
            self.user.set(Some(tokens.user));
        }
        Ok(())
    }

    pub(super) fn end(self) {
        browser::store(KEY, None);
        browser::store(ACCOUNT, None);
        self.access.set_value(None);
        self.user.set(None);
    }

    /// Runs `renew`, or waits for the renewal that is under way.
    pub(super) async fn renew(
        self,
        renew: impl Future<Output = Result<(), ApiError>> + 'static,
    ) -> Result<(), ApiError> {
        if self.leaving.get_value() {
            // A token that comes while the page goes would be lost.
            return future::pending().await;
        }
        let slot = self.renewal.get_value();
        let renewal = slot.borrow_mut().get_or_insert_with(|| renew.boxed_local().shared()).clone();
        let outcome = renewal.await;
        slot.borrow_mut().take();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_goes_on_only_with_its_own_account() {
        assert_eq!(Elsewhere::seen("1", true, Some("1")), None);
        // A token of before it was kept whose it is.
        assert_eq!(Elsewhere::seen("1", true, None), None);
        assert_eq!(Elsewhere::seen("1", true, Some("2")), Some(Elsewhere::Replaced));
        assert_eq!(Elsewhere::seen("1", false, None), Some(Elsewhere::Ended));
        assert_eq!(Elsewhere::seen("1", false, Some("2")), Some(Elsewhere::Ended));
    }
}
