//! A client of the socket.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use annex::document::asyncapi;
use annex_openapi::realtime::ServerMessage;
use futures_util::{SinkExt, StreamExt};
use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{Client, TestApp};

/// How long anything that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it is waited for what must not come. Whatever happens before is told in order, so it would be there.
const MOMENT: Duration = Duration::from_millis(300);

/// An open socket. Every message that comes is held against the contract's types and the AsyncAPI document.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, as that client.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn connect(app: &TestApp, client: &Client) -> Self {
        let headers: Vec<(&'static str, String)> = client
            .token
            .as_ref()
            .map(|token| ("sec-websocket-protocol", format!("annex.v1, annex.bearer.{token}")))
            .into_iter()
            .collect();
        Self::connect_with(app.address(), &headers).await.expect("the socket opens")
    }

    /// Connects with these headers.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// # Panics
    /// A header is none.
    pub async fn connect_with(
        address: SocketAddr,
        headers: &[(&'static str, String)],
    ) -> Result<Self, Box<tungstenite::Error>> {
        let url = format!("ws://{address}/v1/realtime");
        let mut request = url.into_client_request().expect("the URL is one");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("the value can be sent"));
        }
        let (stream, _) = tokio_tungstenite::connect_async(request).await.map_err(Box::new)?;
        Ok(Self(stream))
    }

    /// Sends a message.
    ///
    /// # Panics
    /// The connection is lost.
    pub async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    /// Sends any text.
    ///
    /// # Panics
    /// The connection is lost.
    pub async fn send_text(&mut self, text: String) {
        self.try_send(text).await.expect("the message is sent");
    }

    /// Sends any text.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn try_send(&mut self, text: String) -> Result<(), Box<tungstenite::Error>> {
        self.0.send(Message::text(text)).await.map_err(Box::new)
    }

    /// The next message.
    ///
    /// # Panics
    /// None comes, or it is not of the contract.
    pub async fn next(&mut self) -> Value {
        let next = timeout(PATIENCE, self.message()).await.expect("a message comes in time");
        next.expect("the socket is still open")
    }

    /// The next message; nothing where the connection ends.
    ///
    /// # Panics
    /// It is not of the contract.
    pub async fn message(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => {
                    return Some(checked(&text));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Says that no message comes.
    ///
    /// # Panics
    /// One does.
    pub async fn silence(&mut self) {
        if let Ok(message) = timeout(MOMENT, self.message()).await {
            panic!("nothing was to come, but {message:?} did");
        }
    }

    /// The code with which the server says goodbye; messages before are passed over.
    ///
    /// # Panics
    /// It does not.
    pub async fn goodbye(&mut self) -> u16 {
        let wait = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(_)) => {}
                    other => panic!("the server says no goodbye: {other:?}"),
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("the server says goodbye in time")
    }

    /// The last message, and the code with which the server says goodbye behind it.
    ///
    /// # Panics
    /// It does not.
    pub async fn last_before_goodbye(&mut self) -> (Value, u16) {
        let wait = async {
            let mut last = Value::Null;
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => last = checked(&text),
                    Some(Ok(Message::Close(Some(frame)))) => return (last, frame.code.into()),
                    Some(Ok(_)) => {}
                    other => panic!("the server says no goodbye: {other:?}"),
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("the server says goodbye in time")
    }

    /// Subscribes, and waits until it is told that it is. Gives what comes before that, and the cursor.
    ///
    /// # Panics
    /// It is refused.
    pub async fn subscribe(&mut self, subscribe: Value) -> (Vec<Value>, String) {
        let mut message = json!({"op": "subscribe"});
        let members = message.as_object_mut().expect("it is an object");
        members.extend(subscribe.as_object().expect("a subscription is an object").clone());
        self.send(message).await;
        let mut before = Vec::new();
        loop {
            let next = self.next().await;
            match next["op"].as_str() {
                Some("subscribed") => {
                    return (before, next["cursor"].as_str().expect("a cursor is text").to_owned());
                }
                Some("snapshot" | "event") => before.push(next),
                _ => panic!("the subscription is refused: {next}"),
            }
        }
    }

    /// Joins a topic, and waits until it is told that it has. Gives what comes before that, and the cursor.
    ///
    /// # Panics
    /// It is refused.
    pub async fn join(&mut self, join: Value) -> (Vec<Value>, String) {
        let mut message = json!({"op": "join"});
        let members = message.as_object_mut().expect("it is an object");
        members.extend(join.as_object().expect("a join is an object").clone());
        self.send(message).await;
        let mut before = Vec::new();
        loop {
            let next = self.next().await;
            match next["op"].as_str() {
                Some("joined") => {
                    return (before, next["cursor"].as_str().expect("a cursor is text").to_owned());
                }
                Some("broadcast") => before.push(next),
                _ => panic!("the topic is not joined: {next}"),
            }
        }
    }

    /// What is said next, so many times: the payloads.
    ///
    /// # Panics
    /// Something else comes.
    pub async fn said(&mut self, many: usize) -> Vec<Value> {
        let mut said = Vec::with_capacity(many);
        for _ in 0..many {
            let next = self.next().await;
            assert_eq!(next["op"], "broadcast", "{next}");
            said.push(next["payload"].clone());
        }
        said
    }

    /// The next events, so many: what each is and its record.
    ///
    /// # Panics
    /// Something else comes.
    pub async fn events(&mut self, many: usize) -> Vec<(String, Value)> {
        let mut events = Vec::with_capacity(many);
        for _ in 0..many {
            let next = self.next().await;
            assert_eq!(next["op"], "event", "{next}");
            events.push((next["type"].as_str().expect("it has a type").to_owned(), next["record"].clone()));
        }
        events
    }
}

/// The message in a text frame.
///
/// # Panics
/// It is not of the contract, or not as the document says.
fn checked(text: &str) -> Value {
    let message: ServerMessage =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text} is no message: {error}"));
    drop(message);
    let message: Value = serde_json::from_str(text).expect("it was read once");
    let op = message["op"].as_str().expect("it has a kind");
    let schema = MESSAGES.get(op).unwrap_or_else(|| panic!("the document has no message `{op}`"));
    let faults: Vec<String> = schema.iter_errors(&message).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "the document does not allow {text}: {}", faults.join("; "));
    message
}

/// What the document says of each message of the server. A message may have no member that it does not name.
static MESSAGES: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let document = asyncapi::document();
    let said = document["operations"]["tell"]["messages"].as_array().expect("the server says something");
    let messages = said.iter().map(|message| {
        let name =
            message["$ref"].as_str().and_then(|place| place.rsplit('/').next()).expect("it has a name");
        let message = &document["components"]["messages"][name];
        let mut schema = message["payload"].clone();
        schema["components"] = document["components"].clone();
        schema["unevaluatedProperties"] = Value::Bool(false);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("the schema of {name} is not valid: {error}"));
        (message["name"].as_str().expect("it has a kind").to_owned(), validator)
    });
    messages.collect()
});
