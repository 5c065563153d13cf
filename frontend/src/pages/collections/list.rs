//! Every collection: how large it is, what it points at, and who may do what.

use std::cmp::Reverse;
use std::collections::HashMap;

use annex_openapi::collections::{Collection, CollectionKind};
use annex_openapi::stats::CollectionSize;
use leptos::prelude::*;

use super::access::{AccessLegend, AccessMarks};
use crate::api::use_api;
use crate::format;
use crate::shell::{PageHead, use_catalogue};
use crate::ui::{
    Badge, Button, ButtonKind, CopyButton, Empty, ErrorNotice, Icon, IconName, LinkButton, SearchInput,
    Skeleton, Tone,
};
use crate::url::{UrlQuery, use_url_query};

/// From how many collections on they can be searched.
const MANY: usize = 8;

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Name,
    Rows,
    Size,
}

impl Order {
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("rows") => Self::Rows,
            Some("size") => Self::Size,
            _ => Self::Name,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Name => None,
            Self::Rows => Some("rows"),
            Self::Size => Some("size"),
        }
    }
}

type Sizes = HashMap<String, CollectionSize>;

/// Collections.
#[component]
pub fn List() -> impl IntoView {
    let catalogue = use_catalogue();
    let api = use_api();
    let query = use_url_query();
    let order = Memo::new(move |_| Order::of(query.get("sort").as_deref()));
    let search = query.memo("q");
    let sizes = LocalResource::new(move || async move {
        // A server that does not say how large they are leaves the columns empty.
        let sizes = api.collection_sizes().await.unwrap_or_default();
        sizes.into_iter().map(|size| (size.name.clone(), size)).collect::<Sizes>()
    });
    let shown = move || {
        let sizes = sizes.get().unwrap_or_default();
        let wanted = search.get().unwrap_or_default().to_lowercase();
        let mut shown = catalogue.all().unwrap_or_default();
        shown.retain(|collection| collection.name.contains(&wanted));
        let size = |collection: &Collection| sizes.get(&collection.name);
        match order.get() {
            Order::Name => {}
            Order::Rows => shown.sort_by_key(|one| Reverse(size(one).and_then(|size| size.estimated_rows))),
            Order::Size => shown.sort_by_key(|one| Reverse(size(one).and_then(|size| size.size_bytes))),
        }
        view! { <Table shown sizes order query /> }
    };
    let count = Memo::new(move |_| catalogue.all().map(|all| all.len()));
    view! {
        <PageHead
            title="Collections"
            actions=move || {
                view! {
                    <span class="row only-wide">
                        <Links />
                    </span>
                    <LinkButton href="/collections/new" kind=ButtonKind::Primary icon=IconName::Plus>
                        "New"
                    </LinkButton>
                }
            }
        />
        {move || match count.get() {
            None => {
                view! {
                    <div class="page">
                        <ErrorNotice error=catalogue.failure() retry=move |()| catalogue.reload() />
                        <Show when=move || catalogue.failure().with(Option::is_none)>
                            <Skeleton lines=8 />
                        </Show>
                    </div>
                }
                    .into_any()
            }
            Some(0) => view! { <Nothing /> }.into_any(),
            Some(count) => {
                view! {
                    <div class="page wide">
                        <div class="only-narrow">
                            <div class="toolbar">
                                <Links />
                            </div>
                        </div>
                        {(count > MANY).then(|| view! { <Find query search /> })}
                        {shown}
                    </div>
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Find(query: UrlQuery, search: Memo<Option<String>>) -> impl IntoView {
    view! {
        <div class="toolbar">
            <SearchInput
                label="Find a collection"
                value=Signal::derive(move || search.get().unwrap_or_default())
                change=move |text: String| query.replace(&[("q", Some(text).filter(|text| !text.is_empty()))])
            />
        </div>
    }
}

#[component]
fn Links() -> impl IntoView {
    view! {
        <LinkButton href="/collections/diagram" icon=IconName::Workflow>
            "Diagram"
        </LinkButton>
        <LinkButton href="/collections/adopt" icon=IconName::Import>
            "Adopt a table"
        </LinkButton>
    }
}

#[component]
fn Table(shown: Vec<Collection>, sizes: Sizes, order: Memo<Order>, query: UrlQuery) -> impl IntoView {
    let head = move |column: Order, words: &'static str| {
        view! {
            <th
                class=if column == Order::Name { "" } else { "end" }
                class:only-wide=column == Order::Size
                aria-sort=move || {
                    (order.get() == column).then_some(if column == Order::Name { "ascending" } else { "descending" })
                }
            >
                <button
                    type="button"
                    class="sort-button"
                    on:click=move |_| query.replace(&[("sort", column.name().map(str::to_owned))])
                >
                    {words}
                    {move || (order.get() == column).then(|| view! { <Icon name=IconName::ArrowDown /> })}
                </button>
            </th>
        }
    };
    if shown.is_empty() {
        return view! { <p class="list-foot">"No collection has a name like this."</p> }.into_any();
    }
    view! {
        <div class="table-frame">
            <table class="table collections">
                <thead>
                    <tr>
                        {head(Order::Name, "Collection")} {head(Order::Rows, "Rows")} {head(Order::Size, "Size")}
                        <th class="end only-wide">"Fields"</th>
                        <th class="only-wide">"References"</th>
                        <th>"Access"</th>
                    </tr>
                </thead>
                <tbody>
                    {shown
                        .into_iter()
                        .map(|collection| {
                            let size = sizes.get(&collection.name).cloned();
                            view! { <Row collection size /> }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
        <AccessLegend />
    }
    .into_any()
}

#[component]
fn Row(collection: Collection, size: Option<CollectionSize>) -> impl IntoView {
    let href = format!("/collections/{}", collection.name);
    let rows = size.as_ref().and_then(|size| size.estimated_rows).map(format::about);
    let bytes = size.and_then(|size| size.size_bytes).map(format::bytes);
    let is_view = collection.kind == CollectionKind::View;
    let other_table =
        (collection.table != format!("public.{}", collection.name)).then(|| collection.table.clone());
    let problems = collection.problems.clone();
    view! {
        <tr class="link">
            <td>
                <span class="collection-name">
                    <Icon name=if is_view { IconName::Eye } else { IconName::Table2 } />
                    <a class="row-link" href=href>
                        {collection.name.clone()}
                    </a>
                    {is_view.then(|| view! { <Badge>"view"</Badge> })}
                    {(!problems.is_empty())
                        .then(|| {
                            let words = match problems.len() {
                                1 => "1 problem".to_owned(),
                                many => format!("{many} problems"),
                            };
                            view! {
                                <span data-tip=problems.join(" · ")>
                                    <Badge tone=Tone::Warn icon=IconName::TriangleAlert>
                                        {words}
                                    </Badge>
                                </span>
                            }
                        })}
                </span>
                {other_table.map(|table| view! { <span class="collection-table mono">{table}</span> })}
            </td>
            <td class="end numbers">{rows.unwrap_or_else(|| "–".to_owned())}</td>
            <td class="end numbers only-wide">{bytes.unwrap_or_else(|| "–".to_owned())}</td>
            <td class="end numbers only-wide">{collection.fields.len()}</td>
            <td class="only-wide soft">{targets(&collection)}</td>
            <td>
                <AccessMarks collection />
            </td>
        </tr>
    }
}

/// The collections that it points at, each once.
fn targets(collection: &Collection) -> String {
    let mut targets: Vec<&str> =
        collection.fields.iter().filter_map(|field| field.collection.as_deref()).collect();
    targets.sort_unstable();
    targets.dedup();
    if targets.is_empty() { "–".to_owned() } else { targets.join(", ") }
}

/// There are no collections yet.
#[component]
fn Nothing() -> impl IntoView {
    let catalogue = use_catalogue();
    view! {
        <Empty icon=IconName::Layers title="No collections yet">
            <p>
                "A collection is a table of your Postgres with an API: records, filters, relations, rules, and its part of the OpenAPI document."
            </p>
            <div class="ways">
                <div class="way">
                    <h3>"Create one"</h3>
                    <p>"Name its fields, see the SQL, and it is there."</p>
                    <LinkButton href="/collections/new" kind=ButtonKind::Primary icon=IconName::Plus>
                        "New collection"
                    </LinkButton>
                </div>
                <div class="way">
                    <h3>"Adopt a table"</h3>
                    <p>"One that Prisma, a migration or psql made. It stays as it is."</p>
                    <LinkButton href="/collections/adopt" icon=IconName::Import>
                        "Adopt a table"
                    </LinkButton>
                </div>
                <div class="way">
                    <h3>"Look at an example"</h3>
                    <p>"336,776 flights with airlines, airports and weather."</p>
                    <div class="row">
                        <code class="inline-code">"make demo"</code>
                        <CopyButton text="make demo" />
                        <Button icon=IconName::RefreshCw press=move |_| catalogue.reload()>
                            "Refresh"
                        </Button>
                    </div>
                </div>
            </div>
        </Empty>
    }
}
