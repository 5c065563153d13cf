//! Lists of things that have a name and a form: what they share whatever they list.

use std::future::Future;

use leptos::prelude::*;

use super::{Button, Confirm, Dialog, DialogShape, ErrorNotice, Skeleton};
use crate::api::{ApiError, Pages};
use crate::url::use_url_query;

/// A list that is read page by page: what shows until it is there, where it cannot be read and where it is empty, and the way to more.
#[component]
pub fn PagedList<T: Send + Sync + 'static>(
    pages: Pages<T>,
    /// What shows where there is nothing.
    #[prop(into)]
    empty: ViewFn,
    /// What the way to more is called.
    #[prop(default = "Show more")]
    more: &'static str,
    /// The table.
    #[prop(into)]
    rows: ViewFn,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| pages.items.with(|items| items.as_ref().map(Vec::is_empty)));
    view! {
        <ErrorNotice error=pages.failure retry=move |()| pages.reload() />
        {move || match is_empty.get() {
            None if pages.failure.with(Option::is_some) => ().into_any(),
            None => view! { <Skeleton lines=6 /> }.into_any(),
            Some(true) => empty.run(),
            Some(false) => {
                let rows = rows.run();
                view! {
                    <div class="table-frame" class:is-loading=pages.loading>
                        {rows}
                    </div>
                    <div class="list-foot">
                        {move || {
                            pages
                                .has_more()
                                .then(|| view! { <Button busy=pages.loading press=move |_| pages.more()>{more}</Button> })
                        }}
                    </div>
                }
                    .into_any()
            }
        }}
    }
}

/// A thing that the URL names, read when its drawer opens: what is written there stays while lists are read again.
#[component]
pub fn NamedDrawer<T, F, Asked>(
    /// The parameter of the query that has its name.
    parameter: &'static str,
    /// What it is called, once it is there.
    title: fn(&T) -> String,
    /// What is said until then.
    waiting: &'static str,
    fetch: F,
    /// The drawer's content, and what closes it.
    content: fn(T, RwSignal<bool>) -> AnyView,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    F: Fn(String) -> Asked + Copy + Send + Sync + 'static,
    Asked: Future<Output = Result<T, ApiError>> + 'static,
{
    let query = use_url_query();
    let open = query.dialog(parameter);
    let name = query.memo(parameter);
    let found = LocalResource::new(move || async move {
        let name = name.get().filter(|name| !name.is_empty())?;
        Some(fetch(name).await)
    });
    let title = move || match found.get().flatten() {
        Some(Ok(thing)) => title(&thing),
        _ => waiting.to_owned(),
    };
    view! {
        <Dialog open title=Signal::derive(title) shape=DialogShape::Drawer>
            {move || match found.get().flatten() {
                None => view! { <Skeleton lines=8 /> }.into_any(),
                Some(Ok(thing)) => content(thing, open),
                Some(Err(error)) => {
                    view! { <ErrorNotice error=Signal::stored(Some(error)) retry=move |()| found.refetch() /> }.into_any()
                }
            }}
        </Dialog>
    }
}

/// Asks before something is done to what `asked` is given, which is then nothing again.
#[component]
pub fn AskFirst(
    /// What it is done to, once that is to be asked.
    asked: RwSignal<Option<String>>,
    /// The question.
    title: fn(&str) -> String,
    /// The button's words.
    action: &'static str,
    #[prop(into)] done: Callback<String>,
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let name = RwSignal::new(String::new());
    Effect::new(move || {
        if let Some(of) = asked.get() {
            name.set(of);
            asked.set(None);
            open.set(true);
        }
    });
    view! {
        <Confirm
            open
            title=Signal::derive(move || name.with(|name| title(name)))
            action
            done=move |()| done.run(name.get_untracked())
        >
            {children()}
        </Confirm>
    }
}
