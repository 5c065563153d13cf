//! The API of a collection: every operation that the served document has for it, in four languages, and a way to try it.

mod document;
mod operation;
mod request;
mod schema;
mod sender;
mod snippets;
mod trial;
mod types;

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;

use self::document::operations;
use self::operation::OperationView;
use super::frame::use_collection;
use crate::api::{ApiError, use_api};
use crate::ui::{Empty, ErrorNotice, IconName, Method, Skeleton};
use crate::url::use_url_query;

/// The operations of the collection.
#[component]
pub fn ApiReference() -> impl IntoView {
    let api = use_api();
    let collection = use_collection();
    let document = RwSignal::new(None::<Arc<Value>>);
    let failure = RwSignal::new(None::<ApiError>);
    let read = Callback::new(move |()| {
        failure.set(None);
        leptos::task::spawn_local(async move {
            match api.document().await {
                Ok(read) => drop(document.try_set(Some(Arc::new(read)))),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    });
    // A change of the collection changes the document too.
    Effect::new(move || {
        collection.with(|_| ());
        read.run(());
    });
    view! {
        <div class="page wide">
            <ErrorNotice error=failure retry=read />
            {move || match document.get() {
                None if failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=8 /> }.into_any(),
                Some(document) => view! { <Reference document /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Reference(document: Arc<Value>) -> impl IntoView {
    let query = use_url_query();
    let name = use_collection().with_untracked(|collection| collection.name.clone());
    let all = Arc::new(operations(&document, &name));
    if all.is_empty() {
        return view! {
            <Empty icon=IconName::Code title="The document has no operation for it">
                <p>"A collection with a problem is not served. Its schema and its rules say what is wrong."</p>
            </Empty>
        }
        .into_any();
    }
    let operations = all.clone();
    let chosen = Memo::new(move |_| {
        let id = query.get("op");
        operations.iter().position(|operation| Some(&operation.id) == id.as_ref()).unwrap_or(0)
    });
    let list = all
        .iter()
        .enumerate()
        .map(|(place, operation)| {
            let id = operation.id.clone();
            let action = operation.action(&name);
            view! {
                <li>
                    <a
                        class="nav-link operation-link"
                        data-noscroll=""
                        href=move || query.link(&[("op", Some(id.clone()))])
                        aria-current=move || (chosen.get() == place).then_some("page")
                    >
                        <Method method=operation.method.clone() />
                        <span class="truncate">{action}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="reference">
            <nav class="operations" aria-label="Operations">
                <ul>{list}</ul>
            </nav>
            {move || {
                let operation = Arc::new(all[chosen.get()].clone());
                view! { <OperationView document=document.clone() operation /> }
            }}
        </div>
    }
    .into_any()
}
