//! All webhooks.

use annex_openapi::webhooks::Webhook;
use leptos::prelude::*;

use super::form::WebhookForm;
use super::state::Health;
use crate::api::{Pages, use_api};
use crate::pages::events::{EventBadges, EventsHead};
use crate::part::later;
use crate::shell::shortcut;
use crate::ui::{
    Ago, Button, ButtonKind, CodeBlock, Dialog, DialogShape, Empty, IconName, PagedList, SecretDialog,
};
use crate::url::use_url_query;

/// How many webhooks a page has.
const PAGE: usize = 50;

/// What is said of a secret.
pub const SECRET: &str = "Messages are signed with it, as Standard Webhooks says. It is told this once: give it to the program that is told, which checks the signature with it.";

/// The webhooks.
#[component]
pub fn Webhooks() -> impl IntoView {
    let (api, query) = (use_api(), use_url_query());
    let pages = Pages::new(move |cursor| async move {
        let page = api.webhooks(PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    pages.reload();
    let open = query.dialog("new");
    let create = move || query.push(&[("new", Some(String::new()))]);
    shortcut("n", "New webhook", create);
    view! {
        <EventsHead
            title="Webhooks"
            actions=move || {
                view! {
                    <Button kind=ButtonKind::Primary icon=IconName::Plus keys="n" tip="New webhook" press=move |_| create()>
                        "New webhook"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <PagedList pages empty=NothingYet rows=move || view! { <Rows pages /> } />
        </div>
        {later!(webhook_dialogs, |open: RwSignal<bool>, pages: Pages<Webhook>| view! { <NewWebhook open pages /> })}
    }
}

/// The form of a new webhook, and its secret.
#[component]
fn NewWebhook(open: RwSignal<bool>, pages: Pages<Webhook>) -> impl IntoView {
    let told = RwSignal::new(None);
    let saved = move |mut webhook: Webhook| {
        told.set(webhook.secret.take().map(|secret| (webhook.name.clone(), secret)));
        pages.items.try_update(|items| items.get_or_insert_default().insert(0, webhook));
    };
    view! {
        <Dialog open title="New webhook" shape=DialogShape::Drawer>
            <WebhookForm before=None open saved />
        </Dialog>
        <SecretDialog told about=SECRET />
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let event = "{\n  \"type\": \"record.created\", \"timestamp\": \"2026-01-31T12:00:00Z\",\n  \"data\": {\"collection\": \"posts\", \"id\": \"0190f5b6-8d3a-…\", \"record\": {\"title\": \"Postgres\"}}\n}";
    view! {
        <Empty icon=IconName::Send title="No webhook yet">
            <p>
                "A webhook is a program of yours that is told what happened: records that come, change or go, whoever writes them, accounts, jobs that fail. It is told at least once, in order for each record, signed, and again for three days where it does not answer."
            </p>
            <div class="stack tight teach">
                <h3>"What it is sent; it answers 2xx to take it"</h3>
                <CodeBlock text=event label="What a webhook is sent" />
            </div>
        </Empty>
    }
}

#[component]
fn Rows(pages: Pages<Webhook>) -> impl IntoView {
    view! {
        <table class="table hooks">
            <thead>
                <tr>
                    <th scope="col">"Webhook"</th>
                    <th scope="col" class="only-wide">
                        "Told of"
                    </th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="end only-wide">
                        "Last delivery"
                    </th>
                </tr>
            </thead>
            <tbody>
                <For each=move || pages.items.get().unwrap_or_default() key=|webhook| (webhook.id, webhook.updated_at) let(webhook)>
                    {row(webhook)}
                </For>
            </tbody>
        </table>
    }
}

fn row(webhook: Webhook) -> impl IntoView {
    let told = |webhook: &Webhook| {
        let (events, collection) = (webhook.events.clone(), webhook.collection.clone());
        view! { <EventBadges events collection condition=webhook.condition.clone() /> }
    };
    view! {
        <tr class="link">
            <td>
                <a class="row-link" href=format!("/webhooks/{}", webhook.id)>
                    {webhook.name.clone()}
                </a>
                <div class="soft small truncate">{webhook.url.clone()}</div>
                <div class="only-narrow">{told(&webhook)}</div>
            </td>
            <td class="only-wide">{told(&webhook)}</td>
            <td>
                <Health webhook=webhook.clone() />
            </td>
            <td class="end only-wide soft">
                {match webhook.last_delivered_at {
                    Some(at) => view! { <Ago at /> }.into_any(),
                    None => view! { <span class="faint">"None yet"</span> }.into_any(),
                }}
            </td>
        </tr>
    }
}
