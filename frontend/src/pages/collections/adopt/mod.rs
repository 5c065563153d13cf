//! Taking in a table that another program made: which there are, and how one becomes a collection.

mod form;
mod tables;

use annex_openapi::tables::Table;
use leptos::prelude::*;

use crate::api::use_api;
use crate::shell::PageHead;
use crate::ui::{Button, CodeView, Empty, ErrorNotice, IconName, Language, Skeleton};
use crate::url::use_url_query;
use form::AdoptForm;
use tables::Tables;

/// What to try where there is nothing to adopt.
const EXAMPLE: &str = "create table orders (
    id bigint generated always as identity primary key,
    customer text not null,
    total numeric(10, 2) not null,
    placed_at timestamptz not null default now()
);";

/// Adopt a table.
#[component]
pub fn Adopt() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let chosen = query.memo("table");
    let found = LocalResource::new(move || api.tables());
    let reload = move || found.refetch();
    let failure = Signal::derive(move || found.get().and_then(Result::err));
    let tables = Memo::new(move |_| found.get().and_then(Result::ok));
    let table = Memo::new(move |_| {
        let chosen = chosen.get()?;
        tables.with(|tables| tables.as_ref()?.iter().find(|table| table.table == chosen).cloned())
    });
    view! {
        <PageHead
            title="Adopt a table"
            over=("Collections", "/collections")
            actions=move || {
                view! {
                    <Button icon=IconName::RefreshCw press=move |_| reload()>
                        "Refresh"
                    </Button>
                }
            }
        />
        {move || match (tables.get(), failure.get()) {
            (_, Some(_)) => {
                view! {
                    <div class="page">
                        <ErrorNotice error=failure retry=move |()| reload() />
                    </div>
                }
                    .into_any()
            }
            (None, None) => {
                view! {
                    <div class="page">
                        <Skeleton lines=6 />
                    </div>
                }
                    .into_any()
            }
            (Some(tables), None) if tables.is_empty() => view! { <Nothing /> }.into_any(),
            (Some(all), None) => view! { <Found all table query /> }.into_any(),
        }}
    }
}

#[component]
fn Found(all: Vec<Table>, table: Memo<Option<Table>>, query: crate::url::UrlQuery) -> impl IntoView {
    let all = StoredValue::new(all);
    move || match table.get() {
        Some(table) => view! { <AdoptForm table back=move || query.push(&[("table", None)]) /> }.into_any(),
        None => view! { <Tables all=all.get_value() query /> }.into_any(),
    }
}

/// Every table is a collection already.
#[component]
fn Nothing() -> impl IntoView {
    view! {
        <Empty icon=IconName::Import title="Nothing to adopt">
            <p>
                "Every table of this database is a collection already. Make one with Prisma, a migration or psql, in the database that Annex is connected to (ANNEX_DATABASE_URL), and look again:"
            </p>
        </Empty>
        <div class="page adopt-example">
            <CodeView label="A table for psql" text=EXAMPLE language=Language::Sql />
        </div>
    }
}
