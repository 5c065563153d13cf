//! The overview: how the server is doing, and where to go from here.

mod charts;
mod facts;
mod first_steps;
mod lists;
mod live;
mod series;
mod tiles;

use leptos::prelude::*;

use self::charts::Charts;
use self::facts::Facts;
use self::first_steps::FirstSteps;
use self::lists::{Failures, Largest};
use self::live::Live;
use self::series::Range;
use self::tiles::Tiles;
use crate::api::use_api;
use crate::shell::{PageHead, use_catalogue};
use crate::ui::{ErrorNotice, Segmented, Skeleton};
use crate::url::use_url_query;

/// The overview.
#[component]
pub fn Overview() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let catalogue = use_catalogue();
    let range =
        Memo::new(move |_| query.get("range").and_then(|name| Range::named(&name)).unwrap_or_default());
    let choose = move |range: Range| {
        query.replace(&[("range", (range != Range::default()).then(|| range.to_string()))]);
    };
    let live = Live::start(api, range);
    let points = live.points();
    let server = LocalResource::new(move || api.server());
    let most_connections = move || {
        server.with(|server| server.as_ref()?.as_ref().ok().map(|server| server.database.max_connections))
    };
    let is_new = Memo::new(move |_| catalogue.all().is_some_and(|all| all.is_empty()));

    view! {
        <PageHead
            title="Overview"
            actions=move || {
                view! { <Segmented label="Time range" value=range change=choose options=Range::ALL.to_vec() /> }
            }
        />
        <div class="page wide overview stack">
            <ErrorNotice error=live.failure retry=move |()| live.refresh() />
            {move || is_new.get().then(|| view! { <FirstSteps /> })}
            <Tiles points most_connections=Signal::derive(most_connections) />
            <Charts points range />
            <div class="columns">
                <Largest collections=live.collections />
                <Failures />
            </div>
            {move || match server.get() {
                None => view! { <Skeleton /> }.into_any(),
                // The same is said above already.
                Some(Err(_)) if live.failure.with(Option::is_some) => ().into_any(),
                Some(Err(error)) => view! { <ErrorNotice error=Signal::stored(Some(error)) /> }.into_any(),
                Some(Ok(server)) => view! { <Facts server /> }.into_any(),
            }}
        </div>
    }
}
