//! The platform's document: what utoipa gathers from the handlers, and what holds for all of them.

use std::sync::LazyLock;

use actix_web::http::Method;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{components, operations};
use crate::idempotency::has_keys;

/// The operations, in the order of the document. Each stands beside its handler.
#[derive(OpenApi)]
#[openapi(
    paths(
        crate::auth::bootstrap::bootstrap,
        crate::auth::change_password::change_password,
        crate::auth::jwks::jwks,
        crate::auth::login::login,
        crate::auth::logout::logout,
        crate::auth::me::me,
        crate::auth::refresh::refresh,
        crate::auth::register::register,
        crate::auth::sessions::list::list,
        crate::auth::sessions::delete::delete,
        crate::auth::sessions::delete_others::delete_others,
        crate::auth::users::list::list,
        crate::auth::users::create::create,
        crate::auth::users::get::get,
        crate::auth::users::update::update,
        crate::auth::users::delete::delete,
        crate::auth::users::impersonate::impersonate,
        crate::collections::adopt::adopt,
        crate::collections::apply::apply,
        crate::collections::create::create,
        crate::collections::delete::delete,
        crate::collections::get::get,
        crate::collections::list::list,
        crate::collections::update::update,
        crate::collections::tables::list,
        crate::hooks::list::list,
        crate::hooks::get::get,
        crate::hooks::replace::replace,
        crate::hooks::update::update,
        crate::hooks::delete::delete,
        crate::hooks::rotate::rotate,
        crate::webhooks::list::list,
        crate::webhooks::create::create,
        crate::webhooks::get::get,
        crate::webhooks::update::update,
        crate::webhooks::delete::delete,
        crate::webhooks::rotate::rotate,
        crate::webhooks::test::test,
        crate::webhooks::replay::replay,
        crate::webhooks::deliveries::list::list,
        crate::webhooks::deliveries::get::get,
        crate::webhooks::deliveries::replay::replay,
        crate::triggers::list::list,
        crate::triggers::get::get,
        crate::triggers::replace::replace,
        crate::triggers::update::update,
        crate::triggers::delete::delete,
        crate::events::get_log::get_log,
        crate::mail::list::list,
        crate::mail::get::get,
        crate::realtime::socket::connect,
        crate::realtime::socket::events,
        crate::realtime::channels::list::list,
        crate::realtime::channels::create::create,
        crate::realtime::channels::get::get,
        crate::realtime::channels::update::update,
        crate::realtime::channels::delete::delete,
        crate::realtime::channels::broadcast::broadcast,
        crate::realtime::status::status,
        crate::batch::batch,
        crate::records::rule_test::test,
        crate::jobs::list::list,
        crate::jobs::create::create,
        crate::jobs::get::get,
        crate::jobs::files::get::get,
        crate::jobs::logs::logs,
        crate::jobs::events::events,
        crate::jobs::cancel::cancel,
        crate::jobs::retry::retry,
        crate::jobs::cancel_matching::cancel_matching,
        crate::jobs::retry_matching::retry_matching,
        crate::jobs::discard_matching::discard_matching,
        crate::jobs::batches::list::list,
        crate::jobs::batches::create::create,
        crate::jobs::batches::get::get,
        crate::jobs::batches::add::add,
        crate::jobs::batches::cancel::cancel,
        crate::jobs::batches::retry::retry,
        crate::jobs::queues::list::list,
        crate::jobs::queues::get::get,
        crate::jobs::queues::replace::replace,
        crate::jobs::queues::update::update,
        crate::jobs::stats::stats,
        crate::jobs::job_kinds::list::list,
        crate::jobs::job_kinds::get::get,
        crate::jobs::job_kinds::replace::replace,
        crate::jobs::job_kinds::delete::delete,
        crate::jobs::schedules::list::list,
        crate::jobs::schedules::get::get,
        crate::jobs::schedules::replace::replace,
        crate::jobs::schedules::update::update,
        crate::jobs::schedules::delete::delete,
        crate::jobs::schedules::run::run,
        crate::jobs::workers::workers,
        crate::jobs::queues::claim::claim,
        crate::jobs::heartbeat::heartbeat,
        crate::jobs::progress::progress,
        crate::batch::complete::complete,
        crate::jobs::fail::fail,
        crate::requests::list::list,
        crate::requests::get::get,
        crate::server::get::get,
        crate::stats::get::get,
        crate::health::healthz,
        crate::health::readyz,
        super::serve::core,
        super::serve::full,
        super::serve::asyncapi,
        super::problems::explain,
    ),
    components(schemas(
        annex_openapi::events::Event,
        annex_openapi::hooks::HookAnswer,
        annex_openapi::hooks::HookCall,
        annex_openapi::jobs::JobEvent,
        annex_openapi::problem::Problem,
        annex_openapi::records::BulkResult,
        annex_openapi::transfer::ExportRequest,
        annex_openapi::transfer::ImportMode,
        annex_openapi::transfer::ImportReport,
        annex_openapi::transfer::TransferFormat,
    ))
)]
struct Gathered;

/// The groups of operations.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Accounts sign in, renew their tokens and sign out."),
    ("users", "Accounts, for admins."),
    ("sessions", "Where an account is signed in."),
    ("collections", "Tables as the API shows them: made, changed, adopted, kept in a file."),
    ("records", "The rows of collections."),
    ("realtime", "Changes of rows, told as they are committed, over a WebSocket or as server-sent events."),
    ("channels", "Topics on which clients and programs say things to one another."),
    ("hooks", "Programs that are asked before something is written, and may change it or refuse."),
    ("webhooks", "Programs that are told what happened."),
    ("triggers", "Jobs that are enqueued when something happens."),
    ("outbox", "Mail that was not sent, since no mail server is set."),
    ("jobs", "Durable work: enqueued, followed, stopped, tried again."),
    ("batches", "Many jobs that belong together, and steps that need others."),
    ("queues", "The lines that jobs wait in, and their limits."),
    ("job_kinds", "What jobs there are, and what their arguments must be."),
    ("schedules", "Jobs that are enqueued again and again, or at one time."),
    ("workers", "Who works on jobs, and how programs in any language do."),
    ("system", "Whether the server works, and what its API is."),
];

const DESCRIPTION: &str = "\
Auth, a typed REST API over Postgres tables, and one document that is exactly the API.

Errors are problem details (RFC 9457): see `Problem`. `bigint` and `numeric` values are strings, so that no digit is \
lost; timestamps are RFC 3339 in UTC. Every answer has an `X-Request-Id`.

A POST or a PATCH under `/v1` may have an `Idempotency-Key` of 1 to 255 visible ASCII characters: sent again within 24 \
hours it has no further effect and the same answer, with `Idempotency-Replayed: true`. Another request with the key is \
refused (422), one that is still being worked on too (409). Answers above 1 MiB are not kept: the repetition is told so \
(409). Answers of 500 and above, and those with `Retry-After`, leave the key free. Sign-in, imports and exports have no \
keys.";

/// The platform's document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

/// The same, as it is committed.
pub fn pretty() -> String {
    let text = serde_json::to_string_pretty(document()).expect("a JSON value can be written");
    text + "\n"
}

fn build() -> Value {
    let gathered = serde_json::to_value(Gathered::openapi()).expect("the document can be written");
    let mut paths = gathered["paths"].as_object().cloned().unwrap_or_default();
    let schemas = gathered["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let stream = "/get/responses/200/content/text~1event-stream/schema";
    let events = paths.get_mut("/v1/jobs/{id}/events").and_then(|events| events.pointer_mut(stream));
    if let Some(schema) = events {
        // What stands in the data of each event; OpenAPI 3.1 has no word for that.
        schema["contentSchema"] = json!({"$ref": "#/components/schemas/JobEvent"});
    }
    paths.extend(operations::general());
    finish(&mut paths);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Annex",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "contact": {"name": "Annex"},
            "license": {"name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "security": [{"bearer": []}],
        "tags": TAGS.iter().map(|(name, description)| json!({"name": name, "description": description})).collect::<Value>(),
        "paths": paths,
        "webhooks": {"event": told(), "hook": asked()},
        "components": {
            "schemas": schemas,
            "responses": {"Problem": problem()},
            "parameters": components::parameters(),
            "headers": components::headers(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of `POST /v1/auth/login`.",
                },
            },
        },
    });
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        name_variants(schemas);
        for (name, schema) in components::schemas() {
            schemas.insert(name, schema);
        }
    }
    name_pages(document)
}

/// Adds the operations and the types of another document. What is there already stays.
pub(super) fn extend(document: &mut Value, other: &Value) {
    let mut paths = other["paths"].as_object().cloned().unwrap_or_default();
    finish(&mut paths);
    let schemas = other["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for (place, added) in [("/paths", paths), ("/components/schemas", schemas)] {
        let known = document.pointer_mut(place).and_then(Value::as_object_mut).into_iter();
        known.for_each(|known| {
            for (name, value) in &added {
                known.entry(name.clone()).or_insert_with(|| value.clone());
            }
        });
    }
    if let (Some(tags), Some(added)) = (document["tags"].as_array_mut(), other["tags"].as_array()) {
        tags.extend(added.iter().cloned());
    }
}

/// What a program is told that a webhook names.
fn told() -> Value {
    json!({"post": {
        "operationId": "webhook_tell",
        "tags": ["webhooks"],
        "summary": "Tells a program what happened",
        "description": "Sent to the `url` of a webhook, signed as the Standard Webhooks specification says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.",
        "security": [],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}}}},
        "responses": {
            "204": {"description": "It is taken. Every other 2xx says the same"},
            "410": {"description": "It is not wanted any more: the webhook is disabled"},
        },
    }})
}

/// What a program is asked that a hook names.
fn asked() -> Value {
    let json = |schema: &str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}});
    json!({"post": {
        "operationId": "hook_ask",
        "tags": ["hooks"],
        "summary": "Asks a program before something is written",
        "description": "Sent to the `url` of a hook, signed as the Standard Webhooks specification says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.",
        "security": [],
        "requestBody": {"required": true, "content": json("HookCall")},
        "responses": {
            "200": {"description": "It refuses, or says what is to be written instead", "content": json("HookAnswer")},
            "204": {"description": "It goes on as it is"},
        },
    }})
}

fn problem() -> Value {
    json!({
        "description": "It did not work out: what went wrong, where, and what to do about it.",
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

/// Gives every operation under some paths what all have.
pub(super) fn finish(paths: &mut Map<String, Value>) {
    const METHODS: [(&str, Method); 5] = [
        ("get", Method::GET),
        ("post", Method::POST),
        ("put", Method::PUT),
        ("patch", Method::PATCH),
        ("delete", Method::DELETE),
    ];
    for (path, item) in paths {
        for (name, method) in METHODS {
            let Some(operation) = item.get_mut(name) else { continue };
            finish_one(operation);
            if has_keys(&method, path) {
                add_key(operation);
            }
        }
    }
}

/// An operation that may be sent again under a key.
fn add_key(operation: &mut Value) {
    let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(key),
        None => operation["parameters"] = json!([key]),
    }
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        response["headers"]["Idempotency-Replayed"] =
            json!({"$ref": "#/components/headers/IdempotencyReplayed"});
    }
}

fn finish_one(operation: &mut Value) {
    // Readers of documents take `[{}]` for an unnamed demand, and `[]` for none.
    if operation["security"] == json!([{}]) {
        operation["security"] = json!([]);
    }
    let problem = json!({"$ref": "#/components/responses/Problem"});
    operation["responses"]["4XX"] = problem.clone();
    operation["responses"]["5XX"] = problem;
    let summary = plain(operation["summary"].as_str().unwrap_or_default());
    let description = plain(operation["description"].as_str().unwrap_or_default());
    let (first, rest) = summary.split_once(". ").unwrap_or((&summary, ""));
    let parts = [rest, &description].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let description = if parts.is_empty() { summary.clone() } else { parts.join("\n\n") };
    operation["summary"] = Value::from(first.trim_end_matches('.'));
    operation["description"] = Value::from(description);
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        // utoipa says of an optional parameter that it may be null, which no parameter can be.
        if let Some([type_, Value::String(null)]) = parameter["schema"]["type"].as_array().map(Vec::as_slice)
            && null == "null"
        {
            parameter["schema"]["type"] = type_.clone();
        }
    }
}

/// A handler's comment without what is for readers of the code: the route in front, the errors at the end.
fn plain(comment: &str) -> String {
    let text = comment.split("# Errors").next().unwrap_or_default().trim();
    let text = match text.strip_prefix('`').and_then(|rest| rest.split_once("`: ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// utoipa puts a variant's tag beside the variant's type, which as a closed object would refuse it. Here the tag is a member
/// of the type itself, and the union says where to look.
pub(super) fn name_variants(schemas: &mut Map<String, Value>) {
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let Some(variants) = schemas[&name]["oneOf"].as_array().cloned() else { continue };
        let tagged = variants.iter().map(|variant| {
            let target = variant["allOf"][0]["$ref"].as_str()?;
            let (tag, value) = variant["allOf"][1]["properties"].as_object()?.iter().next()?;
            Some((target.rsplit('/').next()?.to_owned(), tag.clone(), value["enum"][0].clone()))
        });
        let Some(tagged) = tagged.collect::<Option<Vec<_>>>() else { continue };
        let mut references = Vec::new();
        let mut mapping = Map::new();
        for (target, tag, value) in &tagged {
            let reference = format!("#/components/schemas/{target}");
            mapping.insert(value.as_str().unwrap_or_default().to_owned(), Value::from(reference.clone()));
            references.push(json!({"$ref": reference}));
            let variant = &mut schemas[target];
            let mut properties = Map::from_iter([(tag.clone(), json!({"type": "string", "const": value}))]);
            properties.extend(variant["properties"].as_object().cloned().unwrap_or_default());
            variant["properties"] = Value::Object(properties);
            let mut required = vec![Value::from(tag.as_str())];
            required.extend(variant["required"].as_array().cloned().unwrap_or_default());
            variant["required"] = Value::from(required);
        }
        let tag = tagged.first().map(|(_, tag, _)| tag.clone());
        let union = &mut schemas[&name];
        union["oneOf"] = Value::from(references);
        union["discriminator"] = json!({"propertyName": tag, "mapping": mapping});
    }
}

/// utoipa names a page of users `Page_User`; here it is `UserPage`.
fn name_pages(document: Value) -> Value {
    let names: Vec<String> = document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flat_map(|schemas| schemas.keys().filter(|name| name.contains('_')).cloned())
        .collect();
    let mut text = document.to_string();
    for name in names {
        let better: String = name.split('_').rev().collect();
        text = text.replace(&format!("\"{name}\":"), &format!("\"{better}\":"));
        text = text.replace(&format!("/schemas/{name}\""), &format!("/schemas/{better}\""));
    }
    serde_json::from_str(&text).expect("names are changed for names")
}
