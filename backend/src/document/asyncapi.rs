//! The document of the socket (AsyncAPI 3.0): its messages, which of them answer which, and with what codes it closes. The types are the
//! contract's own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use annex_openapi::realtime::{ClientMessage, ServerMessage};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::core::name_variants;
use crate::realtime::socket::CLOSE_CODES;

/// The messages, with everything that they are made of.
#[derive(OpenApi)]
#[openapi(components(schemas(ClientMessage, ServerMessage)))]
struct Gathered;

const DESCRIPTION: &str = "\
One WebSocket over which changes of rows, what is said on the topics of channels, who is there, and the course of jobs are told, each \
message a JSON object in a text frame, its kind in `op`. What is read from the log has one order and a `cursor`, which may be given \
back as `after` on any later connection, to any server.

The rest of the API is in `/v1/openapi.json`. An error has the members of a problem (RFC 9457), as there: see `/problems/{code}`. A message has at most 64 KiB; a client may \
send 100 at once and 20 a second, and has at most 100 subscriptions and 100 topics. Who does not take what it is sent is told \
`slow_consumer` and let go.";

/// What clients ask, in the order of the document, and what answers it. An `error` may always.
const OPERATIONS: &[(&str, &str, &[&str])] = &[
    ("authenticate", "auth", &["authenticated"]),
    ("subscribe", "subscribe", &["snapshot", "event", "subscribed", "resync"]),
    ("follow", "follow", &["job", "unsubscribed", "resync"]),
    ("unsubscribe", "unsubscribe", &["unsubscribed"]),
    ("join", "join", &["broadcast", "joined", "presence", "left"]),
    ("leave", "leave", &["left"]),
    ("broadcast", "broadcast", &["sent"]),
    ("present", "presence", &["presence"]),
    ("ping", "ping", &["pong"]),
];

const CHANNEL: &str = "#/channels/realtime";

/// The document.
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
    let gathered = serde_json::to_value(Gathered::openapi()).expect("the types can be written");
    let mut schemas = gathered["components"]["schemas"].as_object().cloned().unwrap_or_default();
    name_variants(&mut schemas);
    schemas.values_mut().for_each(tidy);
    let (from_client, from_server) = (names(&schemas, "ClientMessage"), names(&schemas, "ServerMessage"));
    let all = || from_client.values().chain(from_server.values());
    let in_channel = |name: &String| json!({"$ref": format!("{CHANNEL}/messages/{name}")});
    let messages: Map<String, Value> = all().map(|name| (name.clone(), message(&schemas, name))).collect();
    let listed: Map<String, Value> =
        all().map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")}))).collect();
    let mut operations = Map::new();
    for (name, op, answers) in OPERATIONS {
        let asked = &from_client[*op];
        let answers = answers.iter().chain(&["error"]).map(|op| in_channel(&from_server[*op]));
        operations.insert(
            (*name).to_owned(),
            json!({
                "action": "receive",
                "summary": messages[asked]["summary"],
                "channel": {"$ref": CHANNEL},
                "messages": [in_channel(asked)],
                "reply": {"channel": {"$ref": CHANNEL}, "messages": answers.collect::<Value>()},
            }),
        );
    }
    operations.insert(
        "tell".to_owned(),
        json!({
            "action": "send",
            "summary": "Everything that the server says, asked for or not",
            "channel": {"$ref": CHANNEL},
            "messages": from_server.values().map(in_channel).collect::<Value>(),
        }),
    );
    let codes = CLOSE_CODES.iter().map(|(code, meaning)| json!({"code": code, "meaning": meaning}));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Annex",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "contact": {"name": "Annex"},
            "license": {"name": "MIT or Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"annex": {
            "host": "{host}",
            "protocol": "wss",
            "description": "Any server; without TLS the protocol is ws",
            "variables": {"host": {"default": "api.example.com", "description": "Where it is"}},
            "security": [{"$ref": "#/components/securitySchemes/bearer"}],
        }},
        "channels": {"realtime": {
            "address": "/v1/realtime",
            "title": "The socket",
            "description": "Who the client is it says in the header `Authorization`, as a subprotocol `annex.bearer.<token>` beside \
                `annex.v1`, or in a message `auth`. A socket whose token ends without another one is closed, and so is one whose session \
                ends. `x-close-codes` has the codes with which the server says goodbye.",
            "servers": [{"$ref": "#/servers/annex"}],
            "messages": listed,
            "bindings": {"ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": {
                        "Sec-WebSocket-Protocol": {"type": "string", "description": "`annex.v1`, and `annex.bearer.<token>` where the client can send no header", "examples": ["annex.v1, annex.bearer.eyJhbGciOiJFZERTQSJ9"]},
                        "Authorization": {"type": "string", "description": "`Bearer <token>`"},
                        "Origin": {"type": "string", "description": "Pages of other origins must be among those that may call the API"},
                    },
                },
                "bindingVersion": "0.1.0",
            }},
            "x-close-codes": codes.collect::<Value>(),
        }},
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The `access_token` of `POST /v1/auth/login`, or an API key. Who sends none is nobody, to whom rules may be open",
            }},
        },
    })
}

/// The names of the types that a union has, by their `op`.
fn names(schemas: &Map<String, Value>, union: &str) -> BTreeMap<String, String> {
    let variants = schemas[union]["oneOf"].as_array().into_iter().flatten();
    let name = |variant: &Value| Some(variant["$ref"].as_str()?.rsplit('/').next()?.to_owned());
    let op = |name: &String| schemas[name]["properties"]["op"]["const"].as_str().map(str::to_owned);
    variants.filter_map(name).filter_map(|name| Some((op(&name)?, name))).collect()
}

fn message(schemas: &Map<String, Value>, name: &str) -> Value {
    let schema = &schemas[name];
    let description = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
    let summary = description.split_once(". ").map_or(&*description, |(first, _)| first);
    json!({
        "name": schema["properties"]["op"]["const"],
        "title": name,
        "summary": summary.trim_end_matches('.'),
        "contentType": "application/json",
        "payload": {"$ref": format!("#/components/schemas/{name}")},
        "examples": [{"payload": sample(schemas, schema)}],
    })
}

/// Makes a schema of OpenAPI one of AsyncAPI, which has examples in a list and names no variants.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(example) = members.remove("example") {
                members.insert("examples".to_owned(), json!([example]));
            }
            members.remove("discriminator");
            for (name, member) in members {
                if name != "examples" && name != "const" {
                    tidy(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A value of a schema: its example, or one of its parts'.
fn sample(schemas: &Map<String, Value>, schema: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return sample(schemas, &schemas[target]);
    }
    let given = [&schema["const"], &schema["examples"][0], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|given| !given.is_null()) {
        return given.clone();
    }
    if let Some(one) = schema["oneOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"))
    {
        return sample(schemas, one);
    }
    let mut members = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        if is_required || member.get("examples").is_some() {
            members.insert(name.clone(), sample(schemas, member));
        } else if is_nullable(member) {
            members.insert(name.clone(), Value::Null);
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        members.extend(sample(schemas, part).as_object().cloned().unwrap_or_default());
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match (kind, schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f".into(),
        (Some("string"), Some("date-time")) => "2026-11-23T20:15:00Z".into(),
        (Some("string"), _) => "text".into(),
        (Some("integer" | "number"), _) => 1.into(),
        (Some("boolean"), _) => true.into(),
        (Some("array"), _) if !schema["items"].is_null() => json!([sample(schemas, &schema["items"])]),
        (Some("array"), _) => json!([]),
        _ => Value::Object(members),
    }
}

fn is_nullable(schema: &Value) -> bool {
    let has_null = |kinds: &Value, is_null: fn(&Value) -> bool| {
        kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_null))
    };
    has_null(&schema["type"], |kind| kind == "null")
        || has_null(&schema["oneOf"], |one| one["type"] == "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_described_with_an_example_that_is_one() {
        let document = document();
        let messages = document["components"]["messages"].as_object().unwrap();
        let (client, server) = (
            names(document["components"]["schemas"].as_object().unwrap(), "ClientMessage"),
            names(document["components"]["schemas"].as_object().unwrap(), "ServerMessage"),
        );
        assert_eq!(messages.len(), client.len() + server.len(), "two messages share a type");
        for (op, name) in &client {
            let example = messages[name]["examples"][0]["payload"].clone();
            serde_json::from_value::<ClientMessage>(example.clone())
                .unwrap_or_else(|error| panic!("{op}: {error}: {example}"));
            assert!(OPERATIONS.iter().any(|(_, asked, _)| asked == op), "{op}");
        }
        for (op, name) in &server {
            let example = messages[name]["examples"][0]["payload"].clone();
            serde_json::from_value::<ServerMessage>(example.clone())
                .unwrap_or_else(|error| panic!("{op}: {error}: {example}"));
        }
    }
}
