//! One delivery: what is sent, and each attempt with its request and its answer.

use std::collections::BTreeMap;

use annex_openapi::webhooks::{DeliveryAttempt, DeliveryDetail, DeliveryState};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::state::DeliveryBadge;
use crate::api::use_api;
use crate::format;
use crate::json::indented;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Badge, Button, Clock, CodeBlock, Icon, IconName, Instant, NamedDrawer, Notice, StatusBadge, Tone,
};

/// How often a delivery that waits is looked at, in milliseconds.
const BEAT: u32 = 1000;

/// The list that a delivery stands in.
#[derive(Clone, Copy)]
struct Of {
    webhook: Uuid,
    again: RwSignal<u32>,
}

/// The delivery that the URL names.
#[component]
pub fn DeliveryDrawer(id: Uuid, again: RwSignal<u32>) -> impl IntoView {
    let api = use_api();
    provide_context(Of { webhook: id, again });
    view! {
        <NamedDrawer
            parameter="delivery"
            title=|found: &DeliveryDetail| found.delivery.type_.as_str().to_owned()
            waiting="Delivery"
            fetch=move |delivery: String| async move { api.delivery(id, &delivery).await }
            content=|found, _| view! { <Shown found /> }.into_any()
        />
    }
}

#[component]
fn Shown(found: DeliveryDetail) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let Of { webhook, again } = expect_context();
    let (id, body) = (found.delivery.id, indented(&found.body));
    let found = RwSignal::new(found);
    let busy = RwSignal::new(false);
    let waits = move || found.try_with_untracked(|found| found.delivery.state == DeliveryState::Pending);
    let looks = StoredValue::new(false);
    // What waits is looked at until something has become of it, while the drawer is open.
    let look = move || {
        if looks.try_get_value() != Some(false) {
            return;
        }
        looks.set_value(true);
        spawn_local(async move {
            while waits() == Some(true) {
                TimeoutFuture::new(BEAT).await;
                if let Ok(now) = api.delivery(webhook, &id.to_string()).await {
                    found.try_maybe_update(|found| {
                        let is_new = *found != now;
                        *found = now;
                        (is_new, ())
                    });
                }
            }
            looks.try_set_value(false);
        });
    };
    look();
    let replay = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api.replay_delivery(webhook, id).await {
                Ok(delivery) => {
                    toasts.say("It is delivered again");
                    found.try_update(|found| found.delivery = delivery);
                    again.try_update(|again| *again += 1);
                    look();
                }
                Err(error) => toasts.fail("It is not delivered again", &error),
            }
            busy.try_set(false);
        });
    };
    let delivery = Memo::new(move |_| found.with(|found| found.delivery.clone()));
    let is_pending = Memo::new(move |_| delivery.with(|delivery| delivery.state == DeliveryState::Pending));
    let attempts = Memo::new(move |_| found.with(|found| found.attempts.clone()));
    view! {
        <div class="stack">
            <dl class="definition">
                <dt>"State"</dt>
                <dd>{move || view! { <DeliveryBadge delivery=delivery.get() /> }}</dd>
                <dt>"About"</dt>
                <dd>
                    <code>{delivery.get_untracked().subject}</code>
                </dd>
                <dt>"Made"</dt>
                <dd>
                    <Instant at=delivery.get_untracked().created_at />
                </dd>
                <dt>"webhook-id"</dt>
                <dd>
                    <code>{id.to_string()}</code>
                </dd>
            </dl>
            <section class="stack tight">
                <h3 class="field-label">"What is sent"</h3>
                <CodeBlock text=Signal::stored(body) label="What is sent" />
            </section>
            <section class="stack tight">
                <div class="row">
                    <h3 class="field-label grow">"Attempts"</h3>
                    <Button
                        icon=IconName::RotateCcw
                        busy
                        disabled=is_pending
                        tip="With the same webhook-id, by which the program can tell that it had it before"
                        press=replay
                    >
                        "Replay"
                    </Button>
                </div>
                {move || {
                    let all = attempts.get();
                    if all.is_empty() {
                        return view! { <p class="soft small">"It has not been tried yet."</p> }.into_any();
                    }
                    let last = all.len() - 1;
                    let all = all.into_iter().enumerate().map(|(place, attempt)| tried(attempt, place == last));
                    view! { <ol class="attempts">{all.collect_view()}</ol> }.into_any()
                }}
            </section>
        </div>
    }
}

/// Headers, a line each.
fn lines(headers: &BTreeMap<String, String>) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}

fn tried(attempt: DeliveryAttempt, open: bool) -> impl IntoView {
    let mark = match (&attempt.response, &attempt.error) {
        (Some(response), _) => view! { <StatusBadge status=response.status /> }.into_any(),
        (None, Some(error)) => {
            let code = error.code.clone();
            view! { <Badge tone=Tone::Bad>{code}</Badge> }.into_any()
        }
        (None, None) => view! { <Badge>"No answer"</Badge> }.into_any(),
    };
    let request = format!("POST {}\n{}", attempt.url, lines(&attempt.request_headers));
    let answer = attempt.response.map(|response| {
        let headers = lines(&response.headers);
        let cut = response.truncated.then(|| view! { <p class="soft small">"The body was longer."</p> });
        let has_body = !response.body.is_empty();
        view! {
            <h4 class="field-label">"Answer"</h4>
            {(!headers.is_empty()).then(|| view! { <CodeBlock text=Signal::stored(headers) label="Headers of the answer" /> })}
            {if has_body {
                view! { <CodeBlock text=Signal::stored(response.body) label="Body of the answer" /> }.into_any()
            } else {
                view! { <p class="soft small">"It has no body."</p> }.into_any()
            }}
            {cut}
        }
    });
    view! {
        <li>
            <details class="attempt" open=open>
                <summary>
                    <Icon name=IconName::ChevronRight />
                    <span class="numbers soft">{attempt.attempt}"."</span>
                    {mark}
                    <span class="numbers soft">{format::milliseconds(f64::from(attempt.duration_ms))}</span>
                    <span class="grow"></span>
                    <span class="soft">
                        <Clock at=attempt.at />
                    </span>
                </summary>
                <div class="stack tight attempt-body">
                    {attempt.error.map(|error| view! { <Notice tone=Tone::Bad>{error.message}</Notice> })}
                    <h4 class="field-label">"Request"</h4>
                    <CodeBlock text=Signal::stored(request) label="The request" />
                    {answer}
                </div>
            </details>
        </li>
    }
}
