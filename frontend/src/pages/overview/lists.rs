//! The largest collections, and what failed lately.

use annex_openapi::requests::LoggedRequest;
use annex_openapi::stats::CollectionSize;
use leptos::prelude::*;

use crate::api::{ApiError, use_api};
use crate::format;
use crate::poll;
use crate::ui::{
    Ago, ButtonKind, ButtonSize, Card, Empty, ErrorNotice, IconName, LinkButton, Method, Prose, Skeleton,
    StatusBadge,
};

/// The most rows of a list.
const ROWS: usize = 6;

/// The largest collections.
#[component]
pub fn Largest(collections: RwSignal<Option<Vec<CollectionSize>>>) -> impl IntoView {
    let rows = move || {
        let Some(mut all) = collections.get() else { return view! { <Skeleton lines=4 /> }.into_any() };
        all.sort_by_key(|collection| std::cmp::Reverse(collection.size_bytes));
        let most = all.first().and_then(|collection| collection.size_bytes).unwrap_or(0).max(1);
        all.truncate(ROWS);
        let rows = all
            .into_iter()
            .map(|CollectionSize { name, estimated_rows, size_bytes }| {
                let rows = estimated_rows.map_or_else(|| "–".to_owned(), |rows| format!("~{}", format::count(rows)));
                view! {
                    <tr class="link">
                        <td>
                            <a class="row-link" href=format!("/collections/{name}")>
                                {name.clone()}
                            </a>
                        </td>
                        <td class="end numbers soft">{rows}</td>
                        <td class="end numbers">{size_bytes.map_or_else(|| "–".to_owned(), format::bytes)}</td>
                        <td class="only-wide">
                            <div class="progress" aria-hidden="true">
                                <span style:width=format!("{:.1}%", size_bytes.unwrap_or(0) as f64 / most as f64 * 100.0)></span>
                            </div>
                        </td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <table class="table flush">
                <thead>
                    <tr>
                        <th scope="col">"Collection"</th>
                        <th scope="col" class="end">
                            "Rows"
                        </th>
                        <th scope="col" class="end">
                            "Size"
                        </th>
                        <th scope="col" class="only-wide">
                            <span class="visually-hidden">"Share"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <Card
            title="Largest collections"
            actions=|| view! { <LinkButton href="/collections" kind=ButtonKind::Quiet size=ButtonSize::Small>"All"</LinkButton> }
        >
            {rows}
        </Card>
    }
}

/// What failed lately, each a link to its whole story.
#[component]
pub fn Failures() -> impl IntoView {
    let api = use_api();
    let failed = RwSignal::new(None::<Vec<LoggedRequest>>);
    let failure = RwSignal::new(None::<ApiError>);
    let ask = move || async move {
        let class = |class: &str| {
            let filters = [("status", class.to_owned())];
            async move { api.requests(&filters, ROWS as u16, None).await }
        };
        match futures_util::try_join!(class("5xx"), class("4xx")) {
            Ok((server, client)) => {
                let mut all = [server.items, client.items].concat();
                all.sort_by_key(|request| std::cmp::Reverse(request.at));
                all.truncate(ROWS);
                failure.try_set(None);
                failed.try_set(Some(all));
            }
            Err(error) => drop(failure.try_set(Some(error))),
        }
    };
    leptos::task::spawn_local(ask());
    poll::every(15_000.0, Signal::stored(true), ask);
    let rows = move || match failed.get() {
        None if failure.with(Option::is_some) => ().into_any(),
        None => view! { <Skeleton lines=4 /> }.into_any(),
        Some(all) if all.is_empty() => view! {
            <Empty icon=IconName::CircleCheck title="Nothing has failed">
                <p>"Requests that are refused or that fail stand here, with the reason."</p>
            </Empty>
        }
        .into_any(),
        Some(all) => all.into_iter().map(failed_request).collect_view().into_any(),
    };
    view! {
        <Card
            title="Recent failures"
            actions=|| view! { <LinkButton href="/logs?status=4xx" kind=ButtonKind::Quiet size=ButtonSize::Small>"Logs"</LinkButton> }
        >
            <ErrorNotice error=failure />
            <div class="failures">{rows}</div>
        </Card>
    }
}

fn failed_request(request: LoggedRequest) -> impl IntoView {
    let what = request.problem.map(|problem| problem.detail);
    view! {
        <a class="failure" href=format!("/logs?request={}", request.id)>
            <StatusBadge status=request.status />
            <span class="grow">
                <span class="row">
                    <Method method=request.method />
                    <code class="truncate">{request.path}</code>
                </span>
                {what.map(|what| view! { <span class="soft small truncate"><Prose text=what /></span> })}
            </span>
            <span class="faint small">
                <Ago at=request.at />
            </span>
        </a>
    }
}
