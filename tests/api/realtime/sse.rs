//! `/v1/realtime/sse`

use std::time::Duration;

use annex_tests::TestApp;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::notes;

/// A stream of events as a browser reads it: each with its id and its data.
struct Events {
    stream: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>>>>,
    text: String,
    /// All that came.
    raw: String,
}

impl Events {
    async fn open(app: &TestApp, query: &str, last: Option<&str>) -> Self {
        let mut request =
            reqwest::Client::new().get(format!("http://{}/v1/realtime/sse?{query}", app.address()));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { stream: Box::pin(answer.bytes_stream()), text: String::new(), raw: String::new() }
    }

    async fn next(&mut self) -> (Option<String>, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                return (field("id: "), serde_json::from_str(&field("data: ").unwrap()).unwrap());
            }
            let next = tokio::time::timeout(Duration::from_secs(20), self.stream.next()).await;
            let bytes = next.unwrap().unwrap().unwrap();
            let text = std::str::from_utf8(&bytes).unwrap();
            self.text.push_str(text);
            self.raw.push_str(text);
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.sql("insert into notes (title, public) values ('zero', true)").await;
    let mut events = Events::open(&app, "collection=notes&fields=title&snapshot=true", None).await;
    assert_eq!(events.next().await.1["records"], json!([{"title": "zero"}]));
    assert_eq!(events.next().await.1["op"], "subscribed");
    app.sql("insert into notes (title, public) values ('one', true), ('two', true)").await;
    let (id, one) = events.next().await;
    let (_, two) = events.next().await;
    assert_eq!((id.as_deref(), &one["record"]), (one["cursor"].as_str(), &json!({"title": "one"})));
    drop(events);
    app.sql("insert into notes (title, public) values ('three', true)").await;
    let mut events = Events::open(&app, "collection=notes&fields=title&snapshot=true", id.as_deref()).await;
    assert_eq!(events.next().await.1, two);
    let mut next = [events.next().await.1, events.next().await.1];
    next.sort_by_key(|message| message["op"] == "subscribed");
    assert_eq!((&next[0]["record"]["title"], &next[1]["op"]), (&json!("three"), &json!("subscribed")));
}

#[tokio::test]
async fn json_with_lines_is_one_event() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "docs", "realtime": true, "fields": [], "rules": {"view": ""}})).await;
    app.sql("alter table docs add column body json").await;
    app.schema_seen(|snapshot| snapshot.table("docs").is_some_and(|table| table.column("body").is_some()))
        .await;
    let mut events = Events::open(&app, "collection=docs", None).await;
    assert_eq!(events.next().await.1["op"], "subscribed");
    app.sql("insert into docs (body) values (E'{\\n\\r\\n\"a\":\\n1}')").await;
    assert_eq!(events.next().await.1["record"]["body"], json!({"a": 1}));
}

#[tokio::test]
async fn a_stream_that_cannot_go_on_ends_and_forgets_where_it_was() {
    let app = TestApp::builder().set("ANNEX_REALTIME_KEPT", "2000").start().await;
    notes(&app).await;
    let mut events = Events::open(&app, "collection=notes", None).await;
    let (begin, _) = events.next().await;
    app.sql("insert into notes (title, public) select 'n' || i, true from generate_series(1, 200) i").await;
    while events.next().await.1["record"]["title"] != "n200" {}
    let mut late = Events::open(&app, "collection=notes", begin.as_deref()).await;
    assert_eq!(late.next().await.1, json!({"op": "resync", "id": "notes", "reason": "too_old"}));
    // A browser that connects again sends no cursor then.
    assert!(late.raw.contains("id: \ndata: "), "{}", late.raw);
    assert!(late.stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_of_nothing_is_refused() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    anonymous.get("/v1/realtime/sse").await.expect_problem("invalid_parameter");
    anonymous.get("/v1/realtime/sse?collection=nothing").await.expect_problem("not_found");
    anonymous.get("/v1/realtime/sse?collection=a&snapshot=perhaps").await.expect_problem("invalid_parameter");
}
