//! Sending the request that is shown, and what is answered.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

use super::request::{Body, Request};
use super::sender::Sender;
use crate::api::{Api, ApiError, Call, use_api};
use crate::pages::acting::ActingChoice;
use crate::shell::shortcut;
use crate::ui::{
    Button, ButtonKind, CodeBlock, CodeView, ErrorNotice, Icon, IconName, Language, StatusBadge,
};
use crate::{format, json};

/// What was answered.
#[derive(Clone)]
struct Outcome {
    status: u16,
    milliseconds: f64,
    headers: Vec<(String, String)>,
    text: String,
    is_json: bool,
}

/// The most of an answer that is shown, in bytes: an export may be large.
const MOST: usize = 200_000;

async fn send(api: Api, sender: Sender, request: Request) -> Result<Outcome, ApiError> {
    let mut call = Call::with_method(&request.method, request.path);
    for (name, value) in &request.query {
        call = call.query(name, value);
    }
    for (name, value) in request.headers {
        call = call.header(name, value);
    }
    call = match request.body {
        Some(Body::Json(text)) => call.json_text(text),
        Some(Body::Text { media_type, text }) => call.raw(JsValue::from(text), media_type),
        Some(Body::File { .. }) | None => call,
    };
    let call = sender.sign(call).await?;
    let began = js_sys::Date::now();
    let answer = api.exchange(call).await?;
    let milliseconds = js_sys::Date::now() - began;
    let (status, mut headers) = (answer.status(), answer.headers());
    headers.sort();
    let text = answer.text().await?;
    let pretty = (text.len() <= MOST)
        .then(|| serde_json::from_str::<serde::de::IgnoredAny>(&text).ok().map(|_| json::indented(&text)))
        .flatten();
    let is_json = pretty.is_some();
    let mut text = pretty.unwrap_or(text);
    if text.len() > MOST {
        let end = (0..=MOST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n…");
    }
    Ok(Outcome { status, milliseconds, headers, text, is_json })
}

/// The button that sends, and what came of it. `prepare` makes the request, where nothing is missing for it.
#[component]
pub fn Trial(sender: Sender, prepare: Callback<(), Option<Request>>) -> impl IntoView {
    let api = use_api();
    let busy = RwSignal::new(false);
    let outcome = RwSignal::new(None::<Outcome>);
    let failure = RwSignal::new(None::<ApiError>);
    let go = Callback::new(move |()| {
        if busy.get_untracked() {
            return;
        }
        let Some(request) = prepare.run(()) else { return };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match send(api, sender, request).await {
                Ok(answered) => drop(outcome.try_set(Some(answered))),
                Err(error) => {
                    outcome.try_set(None);
                    failure.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    });
    shortcut("mod+enter", "Send the request", move || go.run(()));
    view! {
        <section class="card" aria-label="Try it">
            <div class="card-body stack">
                <div class="row wrap trial-bar">
                    <ActingChoice acting=sender.acting words="Send as" />
                    <Button kind=ButtonKind::Primary icon=IconName::Play busy keys="mod+enter" tip="Send the request" press=move |_| go.run(())>
                        "Send"
                    </Button>
                </div>
                <ErrorNotice error=failure />
                <div aria-live="polite">{move || outcome.get().map(|outcome| view! { <Answered outcome /> })}</div>
            </div>
        </section>
    }
}

#[component]
fn Answered(outcome: Outcome) -> impl IntoView {
    let size = format::bytes(outcome.text.len() as i64);
    let headers: String = outcome.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = match (outcome.text.is_empty(), outcome.is_json) {
        (true, _) => view! { <p class="soft small">"The answer has no body."</p> }.into_any(),
        (false, true) => {
            view! { <CodeView label="Response" text=outcome.text language=Language::Json /> }.into_any()
        }
        (false, false) => view! { <CodeBlock label="Response" text=outcome.text /> }.into_any(),
    };
    view! {
        <div class="stack tight">
            <div class="row small numbers">
                <StatusBadge status=outcome.status />
                <span>{format::milliseconds(outcome.milliseconds)}</span>
                <span class="soft">{size}</span>
            </div>
            <div class="answer">{body}</div>
            <details class="small">
                <summary class="soft">
                    <Icon name=IconName::ChevronRight />
                    "Headers that the browser exposes"
                </summary>
                <CodeBlock label="Headers" text=headers.trim_end().to_owned() />
            </details>
        </div>
    }
}
