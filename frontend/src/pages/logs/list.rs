//! The list of requests.

use annex_openapi::requests::LoggedRequest;
use leptos::prelude::*;

use super::detail::RequestDrawer;
use super::filters::{Filters, cleared};
use super::tail;
use super::toolbar::Toolbar;
use crate::api::{Pages, use_api};
use crate::format;
use crate::poll;
use crate::shell::{PageHead, shortcut};
use crate::ui::{
    Button, Clock, CodeBlock, Empty, ErrorNotice, IconName, Method, Notice, Prose, Skeleton, StatusBadge,
    Tone,
};
use crate::url::{self, UrlQuery, use_url_query};

/// How many requests a page has.
const PAGE: u16 = 50;
/// How many a list that goes on by itself may grow to, before it begins anew.
const MOST: usize = 1000;

/// The requests that were answered.
#[component]
pub fn Logs() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let filters = Memo::new(move |_| Filters::of(|name| query.get(name)));
    let pages = Pages::new(move |cursor| async move {
        let parameters = filters.get_untracked().parameters(format::now(), None);
        let page = api.requests(&parameters, PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    Effect::new(move || {
        filters.with(|_| ());
        pages.reload();
    });
    let live = RwSignal::new(true);
    let is_listening = Signal::derive(move || live.get() && pages.items.with(Option::is_some));
    poll::every(2000.0, is_listening, move || async move {
        let Some(asked) = filters.try_get_untracked() else { return };
        let since = pages.items.with_untracked(|items| items.as_deref().and_then(tail::since));
        let answer = api.requests(&asked.parameters(format::now(), since), PAGE, None).await;
        // The filters may have changed meanwhile.
        if filters.try_get_untracked().as_ref() != Some(&asked) {
            return;
        }
        match answer {
            // More than one page is new, or the list has grown long: what lies between is not worth having.
            Ok(page) if since.is_some() && page.next_cursor.is_some() => pages.reload(),
            Ok(page) => {
                pages.failure.set(None);
                let shown = pages.items.with_untracked(|items| items.as_ref().map_or(0, Vec::len));
                if shown > MOST {
                    return pages.reload();
                }
                pages.items.maybe_update(|items| tail::merge(items.get_or_insert_default(), page.items));
            }
            Err(error) => pages.failure.set(Some(error)),
        }
    });
    shortcut("p", "Pause or go on", move || live.update(|live| *live = !*live));

    view! {
        <PageHead
            title="Logs"
            actions=move || {
                view! {
                    <button
                        class="button secondary live"
                        type="button"
                        aria-pressed=move || live.get().to_string()
                        data-tip="New requests come by themselves"
                        data-keys="p"
                        on:click=move |_| live.update(|live| *live = !*live)
                    >
                        <span class="live-dot" aria-hidden="true"></span>
                        {move || if live.get() { "Live" } else { "Paused" }}
                    </button>
                }
            }
        />
        <div class="page wide">
            <Toolbar query is_narrowed=Signal::derive(move || filters.with(|filters| !filters.is_empty())) />
            <ErrorNotice error=pages.failure retry=move |()| pages.reload() />
            {move || match pages.items.with(|items| items.as_ref().map(Vec::is_empty)) {
                None if pages.failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=10 /> }.into_any(),
                Some(true) if filters.with(Filters::is_empty) => view! { <NothingYet /> }.into_any(),
                Some(true) => view! { <NoneMatches query /> }.into_any(),
                Some(false) => view! { <Rows pages query /> }.into_any(),
            }}
        </div>
        <RequestDrawer pages />
    }
}

/// There is nothing at all: what would be here, or why it never is.
#[component]
fn NothingYet() -> impl IntoView {
    let api = use_api();
    let server = LocalResource::new(move || api.server());
    let is_off = move || {
        server.with(|server| {
            server
                .as_ref()
                .is_some_and(|server| server.as_ref().is_ok_and(|server| !server.request_log.enabled))
        })
    };
    let call = format!("curl {}/v1/auth/me", api.known_origin());
    view! {
        {move || {
            is_off()
                .then(|| {
                    view! {
                        <Notice tone=Tone::Warn>
                            <p class="notice-title">"Requests are not kept"</p>
                            <p>
                                "This server runs with " <code>"ANNEX_REQUEST_LOG=false"</code>
                                ". Set it to true and start it anew."
                            </p>
                        </Notice>
                    }
                })
        }}
        <Empty icon=IconName::ScrollText title="No request yet">
            <p>
                "Every request to the API shows here as it is answered: who asked, how long it took, and what was wrong. Health checks and this page's own requests are left out; bodies are never kept."
            </p>
            <CodeBlock text=call label="A request to try" />
        </Empty>
    }
}

#[component]
fn NoneMatches(query: UrlQuery) -> impl IntoView {
    view! {
        <Empty icon=IconName::Filter title="No request matches">
            <p>"Requests that do will show here as they come."</p>
            <Button press=move |_| query.replace(&cleared())>"Show all requests"</Button>
        </Empty>
    }
}

#[component]
fn Rows(pages: Pages<LoggedRequest>, query: UrlQuery) -> impl IntoView {
    let chosen = query.memo("request");
    view! {
        <div class="table-frame" class:is-loading=pages.loading>
            <table class="table requests">
                <thead>
                    <tr>
                        <th scope="col" class="only-wide">
                            "Time"
                        </th>
                        <th scope="col">"Request"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="end only-wide">
                            "Duration"
                        </th>
                        <th scope="col" class="only-wide">
                            "Caller"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || pages.items.get().unwrap_or_default() key=|request| request.id let(request)>
                        {row(request, query, chosen)}
                    </For>
                </tbody>
            </table>
        </div>
        <div class="list-foot">
            {move || {
                pages
                    .has_more()
                    .then(|| view! { <Button busy=pages.loading press=move |_| pages.more()>"Show older"</Button> })
            }}
        </div>
    }
}

/// Who asked, in a few words.
fn caller(request: &LoggedRequest) -> String {
    match &request.caller {
        None => "Anonymous".to_owned(),
        Some(caller) => {
            let email = caller.email.clone().unwrap_or_else(|| "an account that is gone".to_owned());
            if caller.impersonated_by.is_some() { format!("{email}, by an admin") } else { email }
        }
    }
}

fn row(request: LoggedRequest, query: UrlQuery, chosen: Memo<Option<String>>) -> impl IntoView {
    let id = request.id.to_string();
    let this = id.clone();
    let who = caller(&request);
    let duration = format::milliseconds(request.duration_ms);
    let what = request.problem.as_ref().map(|problem| problem.detail.clone());
    view! {
        <tr class="link" class:chosen=move || chosen.with(|chosen| chosen.as_deref() == Some(this.as_str()))>
            <td class="only-wide soft time">
                <Clock at=request.at />
            </td>
            <td class="request">
                <a
                    class="row-link row"
                    data-noscroll=""
                    href=move || query.link(&[("request", Some(id.clone()))])
                >
                    <Method method=request.method.clone() />
                    <code class="truncate">
                        {request.path.clone()}
                        {request.query.clone().map(|query| view! { <span class="faint">{format!("?{}", url::readable(&query))}</span> })}
                    </code>
                </a>
                {what.map(|what| view! { <div class="soft small truncate"><Prose text=what /></div> })}
                <div class="only-narrow row soft small">
                    <Clock at=request.at />
                    <span class="numbers">{duration.clone()}</span>
                    <span class="truncate">{who.clone()}</span>
                </div>
            </td>
            <td>
                <StatusBadge status=request.status />
            </td>
            <td class="end numbers only-wide">{duration}</td>
            <td class="only-wide soft">
                <div class="truncate who">{who}</div>
            </td>
        </tr>
    }
}
