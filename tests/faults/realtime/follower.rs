//! Somebody who follows notes over connections that do not last.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annex_tests::Socket;
use serde_json::{Value, json};
use tokio::time::timeout;

/// The text of the note that is made last.
pub const LAST: &str = "the end";

/// What a client knows, and what it was told.
#[derive(Debug, Default)]
pub struct Follower {
    pub name: String,
    pub token: Option<String>,
    pub filter: Option<&'static str>,
    pub records: HashMap<String, Value>,
    cursor: Option<String>,
    /// How often it had to begin anew, by the reason.
    pub resyncs: BTreeMap<String, usize>,
    pub resumed: usize,
    pub events: usize,
    /// Where in the log a note was told last that is not for everybody.
    pub private_until: u64,
}

impl Follower {
    pub fn new(name: String, token: Option<String>, filter: Option<&'static str>) -> Self {
        Self { name, token, filter, ..Self::default() }
    }

    /// Follows until all has ended and it knows the last note.
    pub async fn follow(mut self, proxy: SocketAddr, ended: Arc<AtomicBool>) -> Self {
        let protocol = self
            .token
            .as_ref()
            .map(|token| ("sec-websocket-protocol", format!("annex.v1, annex.bearer.{token}")));
        let headers: Vec<(&'static str, String)> = protocol.into_iter().collect();
        loop {
            let connected = timeout(Duration::from_secs(10), Socket::connect_with(proxy, &headers)).await;
            if let Ok(Ok(mut socket)) = connected
                && self.converse(&mut socket, &ended).await
            {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Follows over one connection; true where all is done.
    async fn converse(&mut self, socket: &mut Socket, ended: &AtomicBool) -> bool {
        let mut subscribe = json!({"op": "subscribe", "id": "n", "collection": "notes"});
        match &self.cursor {
            Some(cursor) => subscribe["after"] = json!(cursor),
            None => subscribe["snapshot"] = json!(true),
        }
        if let Some(filter) = self.filter {
            subscribe["filter"] = json!(filter);
        }
        if socket.try_send(subscribe.to_string()).await.is_err() {
            return false;
        }
        loop {
            let knows_last = || self.records.values().any(|record| record["text"] == LAST);
            if ended.load(Ordering::SeqCst) && knows_last() {
                return true;
            }
            // Nothing may come where a filter lets nothing through; that the connection stands still the proxy sees to.
            let message = match timeout(Duration::from_secs(1), socket.message()).await {
                Ok(Some(message)) => message,
                Ok(None) => return false,
                Err(_) => continue,
            };
            match message["op"].as_str().unwrap_or_default() {
                "snapshot" => {
                    let records = message["records"].as_array().expect("a snapshot has records");
                    self.records = records.iter().map(|record| (id(record), record.clone())).collect();
                    self.take_cursor(&message, false);
                    records.iter().for_each(|record| self.take_private(record));
                }
                "subscribed" => {
                    self.resumed += usize::from(subscribe["after"].is_string());
                    self.take_cursor(&message, false);
                }
                "event" => self.take(&message),
                "resync" => {
                    let reason = message["reason"].as_str().expect("there is a reason").to_owned();
                    *self.resyncs.entry(reason).or_default() += 1;
                    self.cursor = None;
                    return false;
                }
                "error" => return false,
                other => panic!("{}: {other}", self.name),
            }
        }
    }

    fn take(&mut self, event: &Value) {
        self.take_cursor(event, true);
        self.events += 1;
        let (kind, record) = (event["type"].as_str().unwrap_or_default(), &event["record"]);
        let before = match kind {
            "leave" => self.records.remove(&id(record)),
            _ => self.records.insert(id(record), record.clone()),
        };
        assert_eq!(before.is_some(), kind != "enter", "{}: {event} of {before:?}", self.name);
        self.take_private(record);
    }

    fn take_private(&mut self, record: &Value) {
        if record["public"] == false {
            let cursor = self.cursor.as_ref().expect("it was told with one");
            self.private_until = self.private_until.max(position(cursor).0);
        }
    }

    fn take_cursor(&mut self, message: &Value, strictly: bool) {
        let cursor = message["cursor"].as_str().expect("there is a cursor").to_owned();
        if let Some(before) = &self.cursor {
            let (before, after) = (position(before), position(&cursor));
            assert!(
                after > before || !strictly && after == before,
                "{}: {before:?}, then {message}",
                self.name
            );
        }
        self.cursor = Some(cursor);
    }
}

pub fn id(record: &Value) -> String {
    record["id"].as_str().expect("a record has an id").to_owned()
}

/// Where a cursor stands in its log.
fn position(cursor: &str) -> (u64, u64) {
    let mut parts =
        cursor.split('-').skip(1).map(|part| u64::from_str_radix(part, 16).expect("it is hexadecimal"));
    (parts.next().expect("there is a place"), parts.next().expect("there is a place in it"))
}
