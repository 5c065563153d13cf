//! One webhook: what it is told of, and what became of that.

use annex_openapi::webhooks::{Webhook, WebhookUpdate};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use uuid::Uuid;

use super::deliveries::Deliveries;
use super::delivery::DeliveryDrawer;
use super::form::WebhookForm;
use super::list::SECRET;
use super::replay::ReplayDialog;
use super::state::{Health, troubles};
use crate::api::{ApiError, use_api};
use crate::pages::events::EventBadges;
use crate::part::later;
use crate::shell::PageHead;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Ago, AskFirst, Button, Card, Dialog, DialogShape, Empty, ErrorNotice, Icon, IconName, Instant,
    LinkButton, Menu, MenuItem, SecretDialog, Skeleton, Switch, Told,
};
use crate::url::use_url_query;

/// The webhook that the path names.
#[component]
pub fn WebhookPage() -> impl IntoView {
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| Uuid::parse_str(&params.get("id").unwrap_or_default()).ok()));
    move || match id.get() {
        Some(id) => view! { <One id /> }.into_any(),
        None => view! { <NoSuch /> }.into_any(),
    }
}

#[component]
fn NoSuch() -> impl IntoView {
    view! {
        <PageHead title="Webhook" over=("Webhooks", "/webhooks") />
        <Empty icon=IconName::Send title="There is no such webhook">
            <p>"It may have been deleted."</p>
            <LinkButton href="/webhooks">"All webhooks"</LinkButton>
        </Empty>
    }
}

#[component]
fn One(id: Uuid) -> impl IntoView {
    let api = use_api();
    let webhook = RwSignal::new(None::<Webhook>);
    let failure = RwSignal::new(None::<ApiError>);
    let read = move || {
        spawn_local(async move {
            match api.webhook(id).await {
                Ok(found) => {
                    failure.try_set(None);
                    webhook.try_set(Some(found));
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    read();
    let is_missing =
        move || failure.with(|error| error.as_ref().is_some_and(|error| error.status() == Some(404)));
    let title = Signal::derive(move || {
        webhook.with(|own| own.as_ref().map_or("Webhook".to_owned(), |own| own.name.clone()))
    });
    let is_here = Memo::new(move |_| webhook.with(Option::is_some));
    move || match (is_missing(), is_here.get()) {
        (true, _) => view! { <NoSuch /> }.into_any(),
        (false, false) => view! {
            <PageHead title over=("Webhooks", "/webhooks") />
            <div class="page wide">
                <ErrorNotice error=failure retry=move |()| read() />
                {move || failure.with(Option::is_none).then(|| view! { <Skeleton lines=8 /> })}
            </div>
        }
        .into_any(),
        (false, true) => view! { <Shown id webhook title read=Callback::new(move |()| read()) /> }.into_any(),
    }
}

#[component]
fn Shown(
    id: Uuid,
    webhook: RwSignal<Option<Webhook>>,
    title: Signal<String>,
    read: Callback<()>,
) -> impl IntoView {
    let (api, toasts, query, navigate) = (use_api(), use_toasts(), use_url_query(), use_navigate());
    let (changing, replaying) = (query.dialog("change"), query.dialog("replay"));
    let told = RwSignal::new(None);
    let (leaving, rotating) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let busy = RwSignal::new(false);
    // What was delivered since shows in the list, and in the head.
    let again = RwSignal::new(0_u32);
    let test = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.test_webhook(id).await {
                Ok(delivery) => {
                    again.try_update(|again| *again += 1);
                    query.push(&[("delivery", Some(delivery.id.to_string()))]);
                }
                Err(error) => toasts.fail("It could not be tried", &error),
            }
            busy.try_set(false);
        });
    };
    let enable = move |on: bool| {
        spawn_local(async move {
            let change = WebhookUpdate { enabled: Some(on), ..WebhookUpdate::default() };
            match api.change_webhook(id, &change).await {
                Ok(changed) => {
                    toasts.say(format!(
                        "{} is {}",
                        changed.name,
                        if on { "told again" } else { "not told any more" }
                    ));
                    webhook.try_set(Some(changed));
                }
                Err(error) => {
                    toasts.fail("The webhook is as it was", &error);
                    webhook.try_update(|_| ());
                }
            }
        });
    };
    let delete = move |name: String| {
        let navigate = navigate.clone();
        spawn_local(async move {
            match api.delete_webhook(id).await {
                Ok(()) => {
                    toasts.say(format!("{name} is deleted"));
                    navigate("/webhooks", NavigateOptions::default());
                }
                Err(error) => toasts.fail("The webhook is still there", &error),
            }
        });
    };
    let rotate = move |name: String| {
        spawn_local(async move {
            match api.rotate_webhook(id).await {
                Ok(mut changed) => {
                    told.set(changed.secret.take().map(|secret| (name, secret)));
                    webhook.try_set(Some(changed));
                }
                Err(error) => toasts.fail("The secret is as it was", &error),
            }
        });
    };
    let name = move || webhook.with_untracked(|own| own.as_ref().map(|own| own.name.clone()));
    view! {
        <PageHead
            title
            over=("Webhooks", "/webhooks")
            actions=move || {
                view! {
                    <Button icon=IconName::Send busy press=test>
                        "Test"
                    </Button>
                    <span class="only-wide">
                        <Button icon=IconName::Pencil press=move |_| changing.set(true)>
                            "Change"
                        </Button>
                    </span>
                    <Menu label="More" end=true button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())>
                        <MenuItem icon=IconName::Pencil press=move |_| changing.set(true)>
                            "Change"
                        </MenuItem>
                        <MenuItem icon=IconName::RotateCcw press=move |_| replaying.set(true)>
                            "Replay a period"
                        </MenuItem>
                        <MenuItem icon=IconName::KeyRound press=move |_| rotating.set(name())>
                            "New secret"
                        </MenuItem>
                        <MenuItem icon=IconName::Trash2 danger=true press=move |_| leaving.set(name())>
                            "Delete"
                        </MenuItem>
                    </Menu>
                }
            }
        />
        <div class="page wide stack">
            {move || webhook.with(|own| own.as_ref().map(troubles))}
            {move || webhook.get().map(|webhook| view! { <Facts webhook enable=Callback::new(enable) /> })}
            <Deliveries id again read />
        </div>
        {later!(
            webhook_dialogs,
            |id: Uuid,
             webhook: RwSignal<Option<Webhook>>,
             changing: RwSignal<bool>,
             replaying: RwSignal<bool>,
             again: RwSignal<u32>,
             told: Told| view! { <Dialogs id webhook changing replaying again told /> }
        )}
        <AskFirst asked=leaving title=|name| format!("Delete {name}?") action="Delete the webhook" done=delete>
            <p class="soft">"What waits to be delivered to it is gone with it, and so is what was. To stop it for a while, switch it off instead."</p>
        </AskFirst>
        <AskFirst asked=rotating title=|name| format!("A new secret for {name}?") action="Make a new secret" done=rotate>
            <p class="soft">"For a day messages are signed with the old one too, so that the program can be given the new one in between."</p>
        </AskFirst>
    }
}

/// What opens over the page.
#[component]
fn Dialogs(
    id: Uuid,
    webhook: RwSignal<Option<Webhook>>,
    changing: RwSignal<bool>,
    replaying: RwSignal<bool>,
    again: RwSignal<u32>,
    told: Told,
) -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <Dialog open=changing title="Change the webhook" shape=DialogShape::Drawer>
            <WebhookForm
                before=webhook.get_untracked()
                open=changing
                saved=move |changed: Webhook| {
                    toasts.say(format!("{} is changed", changed.name));
                    webhook.set(Some(changed));
                }
            />
        </Dialog>
        <ReplayDialog id open=replaying again />
        <DeliveryDrawer id again />
        <SecretDialog told about=SECRET />
    }
}

/// What a webhook is.
#[component]
fn Facts(webhook: Webhook, enable: Callback<bool>) -> impl IntoView {
    let headers = webhook.headers.keys().cloned().collect::<Vec<_>>().join(", ");
    let fields = webhook.fields.clone().map(|fields| fields.join(", "));
    let (events, collection) = (webhook.events.clone(), webhook.collection.clone());
    let (own, enabled, previous) = (webhook.clone(), webhook.enabled, webhook.previous_secret_expires_at);
    view! {
        <Card
            title="Webhook"
            actions=move || {
                view! {
                    <Health webhook=own.clone() />
                    <Switch on=Signal::stored(enabled) change=enable>
                        "Told"
                    </Switch>
                }
            }
        >
            <dl class="definition">
                <dt>"URL"</dt>
                <dd>
                    <code>{webhook.url}</code>
                </dd>
                <dt>"Told of"</dt>
                <dd>
                    <EventBadges events collection condition=webhook.condition />
                </dd>
                {fields.map(|fields| view! { <dt>"Fields"</dt> <dd><code>{fields}</code></dd> })}
                {(!headers.is_empty()).then(|| view! { <dt>"Headers"</dt> <dd><code>{headers}</code></dd> })}
                <dt>"Last delivery"</dt>
                <dd>
                    {match webhook.last_delivered_at {
                        Some(at) => view! { <Ago at /> }.into_any(),
                        None => view! { <span class="faint">"None yet"</span> }.into_any(),
                    }}
                </dd>
                {previous
                    .map(|at| {
                        view! {
                            <dt>"Old secret"</dt>
                            <dd>"Signs too, until " <Instant at /></dd>
                        }
                    })}
            </dl>
        </Card>
    }
}
