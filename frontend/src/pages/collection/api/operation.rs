//! One operation: what it does, what it takes and answers, how it is called, and a way to try it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::document::{Content, Operation, Place, Response};
use super::request::Body;
use super::schema::{Purpose, example, shape};
use super::sender::Sender;
use super::snippets;
use super::trial::Trial;
use super::types::TypeTree;
use crate::api::use_api;
use crate::browser;
use crate::pages::collection::frame::use_collection;
use crate::ui::http::status_tone;
use crate::ui::{
    Badge, Card, CodeBlock, CodeEditor, CodeView, CopyButton, Field, Icon, IconName, Language, Method, Prose,
    Segmented, TextArea,
};

/// Where the language of the snippets is kept.
const KEY: &str = "annex.language";

fn is_json(content: &Content) -> bool {
    content.media_type.ends_with("json") && !content.media_type.contains("ndjson")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON")
}

/// The operation.
#[component]
pub fn OperationView(document: Arc<Value>, operation: Arc<Operation>) -> impl IntoView {
    let api = use_api();
    let values: Vec<RwSignal<String>> =
        operation.parameters.iter().map(|_| RwSignal::new(String::new())).collect();
    let body_text = RwSignal::new(match &operation.body {
        Some(content) if is_json(content) => pretty(&example(&document, &content.schema, Purpose::Request)),
        _ => String::new(),
    });
    let tried = RwSignal::new(false);
    // A read has a row to read.
    let id = operation.parameters.iter().position(|parameter| parameter.place == Place::Path);
    if let Some(id) = id.filter(|_| operation.method == "GET").map(|place| values[place]) {
        let collection = use_collection();
        spawn_local(async move {
            let (name, primary_key) =
                collection.with_untracked(|own| (own.name.clone(), own.primary_key.clone()));
            if let Some(key) = api.first_key(&name, &primary_key).await
                && id.try_with_untracked(String::is_empty) == Some(true)
            {
                id.set(key);
            }
        });
    }
    let sender = Sender::new(api);

    let request = {
        let (operation, values) = (operation.clone(), values.clone());
        move |is_tried: bool| {
            let values: Vec<String> = values.iter().map(|value| value.get()).collect();
            let body = operation.body.as_ref().map(|content| {
                let (media_type, text) = (content.media_type.clone(), body_text.get());
                if is_json(content) {
                    Body::Json(text)
                } else if is_tried || !text.is_empty() {
                    Body::Text { media_type, text }
                } else {
                    Body::File { media_type, name: "rows.csv".to_owned() }
                }
            });
            operation.request(&api.known_origin(), &values, body, sender.has_token())
        }
    };
    let missing = {
        let (operation, values) = (operation.clone(), values.clone());
        Memo::new(move |_| {
            let values: Vec<String> = values.iter().map(|value| value.get()).collect();
            operation.missing(&values)
        })
    };
    let prepare = {
        let request = request.clone();
        Callback::new(move |()| {
            tried.set(true);
            missing.with_untracked(Vec::is_empty).then(|| untrack(|| request(true)))
        })
    };
    let shown = Signal::derive(move || request(false));

    let path = operation.path.clone();
    view! {
        <article class="operation">
            <div class="stack operation-about">
                <header class="stack tight">
                    <h2>{operation.summary.clone()}</h2>
                    <div class="row">
                        <Method method=operation.method.clone() />
                        <code class="request-path">{path.clone()}</code>
                        <CopyButton text=path />
                    </div>
                    <p class="soft">
                        <Prose text=operation.description.clone() />
                    </p>
                </header>
                {(!values.is_empty())
                    .then(|| view! { <Parameters document=document.clone() operation=operation.clone() values missing tried /> })}
                {operation.body.clone().map(|content| view! { <RequestBody document=document.clone() content text=body_text /> })}
            </div>
            <div class="stack operation-try">
                <Snippets request=shown />
                <Trial sender prepare />
            </div>
            <section class="stack tight operation-answers">
                <h3>"Responses"</h3>
                {operation
                    .responses
                    .iter()
                    .cloned()
                    .enumerate()
                    .map(|(place, response)| view! { <Answer document=document.clone() response first=place == 0 /> })
                    .collect_view()}
            </section>
        </article>
    }
}

#[component]
fn Parameters(
    document: Arc<Value>,
    operation: Arc<Operation>,
    values: Vec<RwSignal<String>>,
    missing: Memo<Vec<usize>>,
    tried: RwSignal<bool>,
) -> impl IntoView {
    let rows = operation
        .parameters
        .iter()
        .zip(values)
        .enumerate()
        .map(|(place, (parameter, value))| {
            let shape = shape(&document, &parameter.schema);
            let error = Signal::derive(move || {
                (tried.get() && missing.with(|missing| missing.contains(&place))).then(|| "This is needed".to_owned())
            });
            let description = parameter.description.clone();
            let placeholder = parameter.example.clone().unwrap_or_default();
            let kind = [shape.kind].into_iter().chain([parameter.place.name().to_owned()]).chain(shape.limits);
            let about = kind.collect::<Vec<_>>().join(" · ");
            view! {
                <div class="parameter">
                    <Field
                        label=if parameter.required { format!("{}, required", parameter.name) } else { parameter.name.clone() }
                        hint=None
                        error
                        control=move |id, described| {
                            view! {
                                <p class="soft small">
                                    <Prose text=description />
                                </p>
                                <p class="faint small">{about}</p>
                                <input
                                    class="input mono"
                                    id=id
                                    placeholder=placeholder
                                    autocomplete="off"
                                    autocapitalize="none"
                                    spellcheck="false"
                                    aria-describedby=described
                                    aria-invalid=move || error.get().is_some().then_some("true")
                                    bind:value=value
                                />
                            }
                        }
                    />
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="stack tight">
            <h3>"Parameters"</h3>
            <div class="parameters">{rows}</div>
        </section>
    }
}

#[component]
fn RequestBody(document: Arc<Value>, content: Content, text: RwSignal<String>) -> impl IntoView {
    let editor = if is_json(&content) {
        view! { <CodeEditor label="Body" value=text language=Language::Json hint=content.media_type.clone() /> }.into_any()
    } else {
        view! {
            <TextArea
                label="Body"
                value=text
                mono=true
                rows=5
                hint=format!("{}. What is empty here stands as a file in the code.", content.media_type)
            />
        }
        .into_any()
    };
    let tree = is_json(&content).then(|| view! { <TypeTree document schema=content.schema /> });
    view! {
        <section class="stack tight">
            <h3>"Request body"</h3>
            {editor}
            {tree}
        </section>
    }
}

#[component]
fn Answer(document: Arc<Value>, response: Response, first: bool) -> impl IntoView {
    let number =
        response.status.chars().next().and_then(|class| class.to_digit(10)).unwrap_or(2) as u16 * 100;
    let headers = response.headers.join(", ");
    let body = response.content.map(|content| {
        if !is_json(&content) {
            return view! { <p class="small soft">{content.media_type}</p> }.into_any();
        }
        let sample = pretty(&example(&document, &content.schema, Purpose::Answer));
        view! {
            <TypeTree document schema=content.schema />
            <CodeView label="Example response" text=sample language=Language::Json />
        }
        .into_any()
    });
    view! {
        <details class="answer-kind" open=first>
            <summary>
                <Icon name=IconName::ChevronRight />
                <Badge tone=status_tone(number)>{response.status}</Badge>
                <span class="soft small">
                    <Prose text=response.description />
                </span>
            </summary>
            <div class="stack tight">
                {(!headers.is_empty()).then(|| view! { <p class="small faint">"Headers: " {headers}</p> })}
                {body}
            </div>
        </details>
    }
}

#[component]
fn Snippets(request: Signal<super::request::Request>) -> impl IntoView {
    let kept = browser::stored(KEY).and_then(|name| snippets::Language::named(&name));
    let language = RwSignal::new(kept.unwrap_or(snippets::Language::Curl));
    let choose = move |chosen: snippets::Language| {
        language.set(chosen);
        browser::store(KEY, Some(chosen.name()));
    };
    view! {
        <Card
            title="Code"
            actions=move || {
                view! {
                    <Segmented label="Language" value=language change=choose options=snippets::Language::ALL.to_vec() />
                }
            }
        >
            <CodeBlock label="Code" text=Signal::derive(move || language.get().write(&request.get())) />
        </Card>
    }
}
