//! What a webhook is told, the newest first.

use annex_openapi::events::EventType;
use annex_openapi::webhooks::{Delivery, DeliveryState};
use leptos::prelude::*;
use uuid::Uuid;

use super::state::DeliveryBadge;
use crate::api::{Pages, use_api};
use crate::poll;
use crate::ui::{Ago, Button, Empty, IconName, PagedList, Pick, Segmented, StatusBadge};
use crate::url::{UrlQuery, use_url_query};

/// How many deliveries a page has.
const PAGE: usize = 50;

const STATES: [(&str, &str); 4] =
    [("", "All"), ("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")];

/// What the list is narrowed down to, as the URL says.
fn filters(query: UrlQuery) -> Vec<(&'static str, String)> {
    ["state", "type"].into_iter().filter_map(|name| Some((name, query.get(name)?))).collect()
}

/// The deliveries of a webhook; `read` reads the webhook anew.
#[component]
pub fn Deliveries(id: Uuid, again: RwSignal<u32>, read: Callback<()>) -> impl IntoView {
    let (api, query) = (use_api(), use_url_query());
    let narrowed = Memo::new(move |_| filters(query));
    let pages = Pages::new(move |cursor| async move {
        let page = api.deliveries(id, &narrowed.get_untracked(), PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    Effect::new(move || {
        narrowed.with(|_| ());
        again.track();
        pages.reload();
    });
    // While something waits, it is looked what becomes of it.
    let waits = Signal::derive(move || {
        pages.items.with(|items| {
            let items = items.as_deref().unwrap_or_default();
            items.len() <= PAGE && items.iter().any(|delivery| delivery.state == DeliveryState::Pending)
        })
    });
    poll::every(2000.0, waits, move || async move {
        let Some(asked) = narrowed.try_get_untracked() else { return };
        let page = api.deliveries(id, &asked, PAGE, None).await;
        if narrowed.try_get_untracked().as_ref() == Some(&asked) {
            pages.refresh(page.map(|page| page.items));
            if waits.try_get_untracked() == Some(false) {
                read.run(());
            }
        }
    });
    let state = Memo::new(move |_| {
        let given = query.get("state").unwrap_or_default();
        STATES.into_iter().map(|(state, _)| state).find(|state| *state == given).unwrap_or_default()
    });
    let types: Vec<_> = EventType::ALL
        .into_iter()
        .chain([EventType::WebhookTest])
        .map(|event| (event.as_str().to_owned(), event.as_str().to_owned()))
        .collect();
    let is_narrowed = Memo::new(move |_| narrowed.with(|narrowed| !narrowed.is_empty()));
    view! {
        <section aria-label="Deliveries">
            <div class="toolbar">
                <h2 class="deliveries-title">"Deliveries"</h2>
                <Segmented
                    label="State"
                    value=state
                    change=move |state: &'static str| query.replace(&[("state", (!state.is_empty()).then(|| state.to_owned()))])
                    options=STATES.to_vec()
                />
                <Pick
                    label="Event"
                    any="Any event"
                    value=query.memo("type")
                    options=Signal::stored(types)
                    change=move |event| query.replace(&[("type", event)])
                />
                <span class="grow"></span>
                <Button icon=IconName::RefreshCw busy=pages.loading press=move |_| pages.reload()>
                    "Refresh"
                </Button>
            </div>
            <PagedList
                pages
                more="Show older"
                empty=move || view! { <Nothing is_narrowed=is_narrowed.get() /> }
                rows=move || view! { <Rows pages query /> }
            />
        </section>
    }
}

#[component]
fn Nothing(is_narrowed: bool) -> impl IntoView {
    let words = if is_narrowed {
        "None of the deliveries is so."
    } else {
        "What it is told stands here, with each attempt. Test it to send something now."
    };
    view! {
        <Empty icon=IconName::Send title="No delivery">
            <p>{words}</p>
        </Empty>
    }
}

#[component]
fn Rows(pages: Pages<Delivery>, query: UrlQuery) -> impl IntoView {
    let chosen = query.memo("delivery");
    view! {
        <table class="table deliveries">
            <thead>
                <tr>
                    <th scope="col">"Event"</th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="only-wide">
                        "Answer"
                    </th>
                    <th scope="col" class="end only-wide">
                        "Attempts"
                    </th>
                    <th scope="col" class="end">
                        "When"
                    </th>
                </tr>
            </thead>
            <tbody>
                <For
                    each=move || pages.items.get().unwrap_or_default()
                    key=|delivery| (delivery.id, delivery.state.as_str(), delivery.attempts)
                    let(delivery)
                >
                    {
                        let id = delivery.id.to_string();
                        let this = id.clone();
                        view! {
                            <tr class="link" class:chosen=move || chosen.with(|chosen| chosen.as_deref() == Some(this.as_str()))>
                                <td>
                                    <a class="row-link" data-noscroll="" href=move || query.link(&[("delivery", Some(id.clone()))])>
                                        {delivery.type_.as_str()}
                                    </a>
                                    <div class="soft small truncate">{delivery.subject.clone()}</div>
                                </td>
                                <td>
                                    <DeliveryBadge delivery=delivery.clone() />
                                </td>
                                <td class="only-wide">{delivery.last_status.map(|status| view! { <StatusBadge status /> })}</td>
                                <td class="end numbers only-wide">{delivery.attempts}</td>
                                <td class="end soft">
                                    <Ago at=delivery.created_at />
                                </td>
                            </tr>
                        }
                    }
                </For>
            </tbody>
        </table>
    }
}
