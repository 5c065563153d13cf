//! `GET /v1/realtime/status`

use annex_tests::{Socket, TestApp};
use serde_json::json;

use super::notes;

#[tokio::test]
async fn it_tells_how_the_feed_stands_and_who_listens() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let idle = admin.get("/v1/realtime/status").await.expect_status(200).json();
    assert_eq!((&idle["feed"]["state"], &idle["slot"]), (&json!("idle"), &json!(null)));
    notes(&app).await;
    let ada = app.user("ada").await;
    let mut socket = Socket::connect(&app, &ada).await;
    let mut other = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    socket.subscribe(json!({"id": "m", "collection": "notes"})).await;
    other.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public) values ('a', true)").await;
    other.events(1).await;
    let status = admin.get("/v1/realtime/status").await.expect_status(200).json();
    let feed = &status["feed"];
    assert_eq!((&feed["state"], &feed["source"]), (&json!("reading"), &json!("log")), "{feed}");
    assert_eq!((&feed["caught_up"], &feed["collections"]), (&json!(true), &json!(["notes"])));
    assert!(
        feed["cursor"].is_string() && feed["changed_at"].is_string() && feed["lag_bytes"].is_u64(),
        "{feed}"
    );
    assert_eq!(status["slot"]["state"], "reserved", "{}", status["slot"]);
    let window = &status["window"];
    assert!(window["changes"].as_u64() >= Some(1) && window["since"].is_string(), "{window}");
    let clients = &status["clients"];
    // Two subscriptions of one client are about the same.
    assert_eq!((&clients["connections"], &clients["subscriptions"]), (&json!(2), &json!(3)));
    assert_eq!((&clients["views"], &clients["slow_consumers"]), (&json!(2), &json!(0)));
    let hers = clients["list"].as_array().unwrap().iter().find(|one| one["user_id"] == json!(ada.id()));
    let hers = hers.expect("she is listed");
    assert_eq!((&hers["email"], &hers["transport"]), (&json!("ada@example.com"), &json!("websocket")));
    assert_eq!(hers["subscriptions"], 2);
    ada.get("/v1/realtime/status").await.expect_problem("forbidden");
    app.anonymous().get("/v1/realtime/status").await.expect_problem("unauthenticated");
}
