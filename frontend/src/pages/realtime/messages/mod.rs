//! Subscribing as anybody, to see what is told.

mod asked;
mod form;
mod list;
mod ring;
mod tail;

use leptos::prelude::*;

use crate::api::use_api;
use crate::url::use_url_query;
use form::SubscriptionForm;
use list::MessageList;
use tail::Tail;

/// A subscription, and its messages.
#[component]
pub fn Messages() -> impl IntoView {
    let (query, tail) = (use_url_query(), Tail::new(use_api()));
    view! {
        <div class="inspector">
            <SubscriptionForm tail query />
            <MessageList tail query />
        </div>
    }
}
