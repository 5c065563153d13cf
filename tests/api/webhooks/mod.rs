//! `/v1/webhooks`, and what is sent to the programs that they name.

mod deliveries;
mod platform;
mod refusals;
mod settings;
mod told;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use annex_tests::{Builder, Client, PASSWORD, TestApp};
use serde_json::{Value, json};

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where: the last part of the path.
    pub place: String,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    pub signed: [String; 3],
    /// All headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub bytes: Bytes,
    /// The same, read.
    pub event: Value,
    /// What was answered.
    pub status: u16,
}

impl Message {
    /// Whether the signature is of that secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        use base64::Engine;
        let secret = base64::engine::general_purpose::STANDARD.decode(&secret["whsec_".len()..]).unwrap();
        let [id, at, signatures] = &self.signed;
        let at = time::OffsetDateTime::from_unix_timestamp(at.parse().unwrap()).unwrap();
        let expected = annex::outbound::sign(&[&secret], id, at, &self.bytes);
        signatures.split(' ').any(|signature| expected["webhook-signature"] == signature)
    }
}

/// The program that is told.
#[derive(Debug, Default)]
pub struct Receiver {
    messages: Mutex<Vec<Message>>,
    /// What is answered next; 204 where nothing is said.
    answers: Mutex<VecDeque<u16>>,
}

impl Receiver {
    /// All that arrived, at whichever place.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// What arrived there and was taken: `type`, and the record's `n`.
    pub fn told(&self, place: &str) -> Vec<(String, Value)> {
        let taken =
            self.messages().into_iter().filter(|message| message.place == place && message.status < 300);
        taken
            .map(|message| {
                let event = message.event;
                (event["type"].as_str().unwrap().to_owned(), event["data"]["record"]["n"].clone())
            })
            .collect()
    }

    /// What is answered next.
    pub fn answer_with(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }
}

async fn receive(
    request: HttpRequest,
    place: Path<String>,
    bytes: Bytes,
    receiver: Data<Arc<Receiver>>,
) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(204);
    let headers = request.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let message = Message {
        place: place.into_inner(),
        signed: ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header),
        headers,
        event: serde_json::from_slice(&bytes).unwrap(),
        bytes,
        status,
    };
    receiver.messages.lock().unwrap().push(message);
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
    if status == 204 {
        response.finish()
    } else {
        response.insert_header(("x-why", "it is a test")).body("not today")
    }
}

/// A server that runs jobs, and the program beside it.
pub async fn start() -> (TestApp, Arc<Receiver>) {
    start_with(|builder| builder).await
}

pub async fn start_with(more: impl FnOnce(Builder) -> Builder) -> (TestApp, Arc<Receiver>) {
    let receiver = Arc::<Receiver>::default();
    let shared = Data::new(Arc::clone(&receiver));
    let routes = move |config: &mut ServiceConfig| {
        config.service(resource("/receiver/{place}").app_data(shared.clone()).route(post().to(receive)));
    };
    let builder = TestApp::builder()
        .set("ANNEX_OUTBOUND_ALLOW", "127.0.0.1")
        .set("ANNEX_WEBHOOKS_FIRST_RETRY", "1")
        .set("ANNEX_JOBS_RUN", "true")
        .routes(routes);
    let app = more(builder).start().await;
    (app, receiver)
}

/// The collection `things`, with `n`, `name` and a hidden `secret`.
pub async fn things(app: &TestApp) {
    app.collection(json!({
        "name": "things",
        "fields": [
            {"name": "n", "type": "int"},
            {"name": "name", "type": "text"},
            {"name": "secret", "type": "text", "hidden": true}
        ],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
}

/// Makes a webhook that leads to that place.
pub async fn webhook(app: &TestApp, place: &str, mut spec: Value) -> Value {
    spec["url"] = json!(format!("http://{}/receiver/{place}", app.address()));
    if spec["name"].is_null() {
        spec["name"] = json!(place);
    }
    app.admin().await.post("/v1/webhooks", spec).await.expect_status(201).json()
}

/// The path of a webhook.
pub fn path(webhook: &Value) -> String {
    format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap())
}

/// Waits until so much has been taken there.
pub async fn wait_for(app: &TestApp, receiver: &Arc<Receiver>, place: &str, count: usize) {
    app.eventually(&format!("{count} messages arrived at {place}"), || {
        let receiver = Arc::clone(receiver);
        let place = place.to_owned();
        async move { receiver.told(&place).len() >= count }
    })
    .await;
}

/// Waits until nothing waits to be delivered.
pub async fn settled(app: &TestApp) {
    app.eventually("everything is delivered", || async {
        let pending = "select count(*) from annex.webhook_deliveries where state = 'pending'";
        app.sql_value(pending).await.unwrap() == "0"
    })
    .await;
}

/// An admin who has just signed in: tokens do not last for days.
pub async fn admin_again(app: &TestApp) -> Client {
    let body = json!({"email": "admin@example.com", "password": PASSWORD});
    let answer = app.anonymous().post("/v1/auth/login", body).await.expect_status(200).json();
    app.anonymous().signed_in(&answer).as_admin()
}

/// Everything that there is of rows.
pub fn rows(more: Value) -> Value {
    let mut spec =
        json!({"collection": "things", "events": ["record.created", "record.updated", "record.deleted"]});
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    spec
}
