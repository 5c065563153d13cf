//! The socket itself: how it opens and closes, and what it bears.

use std::time::Duration;

use annex_tests::{Socket, TestApp};
use serde_json::json;
use sqlx::Executor;

use super::notes;

#[tokio::test]
async fn who_the_client_is_may_be_said_later() {
    let app = TestApp::start().await;
    notes(&app).await;
    let ada = app.user("ada").await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.send(json!({"op": "auth", "token": ada.token.clone().unwrap()})).await;
    assert_eq!(socket.next().await, json!({"op": "authenticated", "user_id": ada.id()}));
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.rows("notes", [json!({"title": "hers", "owner": ada.id()})]).await;
    assert_eq!(socket.events(1).await[0].1["title"], "hers");
    socket.send(json!({"op": "ping"})).await;
    assert_eq!(socket.next().await, json!({"op": "pong"}));
    socket.send(json!({"op": "unsubscribe", "id": "n"})).await;
    assert_eq!(socket.next().await, json!({"op": "unsubscribed", "id": "n"}));
    app.rows("notes", [json!({"title": "hers too", "owner": ada.id()})]).await;
    socket.silence().await;
    socket.send(json!({"op": "auth", "token": "nonsense"})).await;
    assert_eq!(socket.next().await["code"], "invalid_token");
    assert_eq!(socket.goodbye().await, 4401);
}

#[tokio::test]
async fn a_token_that_ends_ends_the_socket_unless_it_is_renewed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let mut kept = Socket::connect(&app, &ada).await;
    let mut ended = Socket::connect(&app, &ada).await;
    app.clock.advance(Duration::from_secs(6 * 60));
    let body = json!({"email": "ada@example.com", "password": annex_tests::PASSWORD});
    let answer = app.anonymous().post("/v1/auth/login", body).await.expect_status(200).json();
    kept.send(json!({"op": "auth", "token": answer["access_token"]})).await;
    let renewed = kept.next().await;
    assert_eq!(renewed["op"], "authenticated", "{renewed}");
    app.clock.advance(Duration::from_secs(6 * 60));
    // The clock of a test jumps; whoever says something is looked at.
    ended.send(json!({"op": "ping"})).await;
    kept.send(json!({"op": "ping"})).await;
    assert_eq!(ended.goodbye().await, 4401);
    assert_eq!(kept.next().await["op"], "pong");
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let app = TestApp::start().await;
    for (origin, opens) in [
        ("http://127.0.0.1:3000", true),
        ("http://annex.test", true),
        ("http://evil.test", false),
        ("null", false),
        ("http://127.0.0.1:3000.evil.test", false),
    ] {
        let opened = Socket::connect_with(app.address(), &[("origin", origin.to_owned())]).await;
        assert_eq!(opened.is_ok(), opens, "{origin}");
    }
    let answer = app.anonymous().get("/v1/realtime").await;
    answer.expect_problem("bad_request");
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_socket_stays() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    for wrong in [
        "",
        "{}",
        "[]",
        "{\"op\":\"dance\"}",
        "{\"op\":\"auth\"}",
        "{\"op\":\"subscribe\",\"id\":\"\",\"collection\":\"a\"}",
    ] {
        socket.send_text(wrong.to_owned()).await;
        assert_eq!(socket.next().await["op"], "error", "{wrong}");
    }
    socket.send(json!({"op": "ping"})).await;
    assert_eq!(socket.next().await["op"], "pong");
}

#[tokio::test]
async fn a_client_that_says_too_much_is_let_go() {
    let app = TestApp::start().await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    for _ in 0..200 {
        socket.send(json!({"op": "ping"})).await;
    }
    assert_eq!(socket.goodbye().await, 1008);
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.send_text(" ".repeat(100_000)).await;
    assert_eq!(socket.goodbye().await, 1009);
}

#[tokio::test]
async fn who_does_not_read_is_let_go_and_nobody_else_waits() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut asleep = Socket::connect(&app, &app.anonymous()).await;
    let mut awake = Socket::connect(&app, &app.anonymous()).await;
    for socket in [&mut asleep, &mut awake] {
        socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    }
    // Each time more than may wait for a client.
    let more = "insert into notes (title, public) select repeat('x', 5000) || i, true from generate_series(1, 1000) i";
    for _ in 0..6 {
        app.sql(more).await;
        awake.events(1000).await;
    }
    app.eventually("the one that sleeps is let go", || async {
        app.inside().realtime.status().await.is_ok_and(|status| status.clients.connections == 1)
    })
    .await;
    app.sql("insert into notes (title, public) values ('last', true)").await;
    assert_eq!(awake.events(1).await[0].1["title"], "last");
    let last = asleep.last_before_goodbye().await;
    assert_eq!((&last.0["code"], last.1), (&json!("slow_consumer"), 1008));
}

#[tokio::test]
async fn subscriptions_are_bounded() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    for number in 0..100 {
        if number % 20 == 19 {
            tokio::time::sleep(Duration::from_millis(1000)).await;
        }
        socket.subscribe(json!({"id": number.to_string(), "collection": "notes"})).await;
    }
    let more = json!({"op": "subscribe", "id": "more", "collection": "notes"});
    socket.send(more.clone()).await;
    assert_eq!(socket.next().await["code"], "too_many_requests");
    // Those that the server ends do not count any more.
    let rules = json!({"rules": {"view": "public"}});
    app.admin().await.patch("/v1/collections/notes", rules).await.expect_status(200);
    for _ in 0..100 {
        assert_eq!(socket.next().await["op"], "resync");
    }
    socket.send(more).await;
    assert_eq!(socket.next().await["op"], "subscribed");
}

#[tokio::test]
async fn a_collection_with_realtime_off_says_how_to_turn_it_on() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "quiet", "fields": [], "rules": {"view": ""}})).await;
    let admin = app.admin().await;
    let mut socket = Socket::connect(&app, &admin).await;
    socket.send(json!({"op": "subscribe", "id": "q", "collection": "quiet"})).await;
    let refused = socket.next().await;
    assert_eq!(refused["code"], "not_live");
    assert!(refused["hint"].as_str().unwrap().contains("\"realtime\": true"), "{refused}");
    let changed =
        admin.patch("/v1/collections/quiet", json!({"realtime": true})).await.expect_status(200).json();
    assert_eq!(changed["realtime"], true);
    socket.subscribe(json!({"id": "q", "collection": "quiet"})).await;
    app.rows("quiet", [json!({})]).await;
    socket.events(1).await;
    admin.patch("/v1/collections/quiet", json!({"realtime": false})).await.expect_status(200);
    app.sql("insert into quiet default values").await;
    assert_eq!(socket.next().await["reason"], "collection_changed");
    let identity = "select relreplident from pg_class where oid = 'quiet'::regclass";
    assert_eq!(app.sql_value(identity).await.as_deref(), Some("d"));
}

#[tokio::test]
async fn a_party_has_so_many_connections_and_others_have_theirs() {
    let app = TestApp::builder().set("ANNEX_REALTIME_CONNECTIONS", "2").start().await;
    let first = Socket::connect(&app, &app.anonymous()).await;
    let _second = Socket::connect(&app, &app.anonymous()).await;
    assert!(Socket::connect_with(app.address(), &[]).await.is_err());
    app.anonymous().get("/v1/realtime/sse?collection=a").await.expect_problem("too_many_requests");
    let ada = app.user("ada").await;
    let _hers = Socket::connect(&app, &ada).await;
    drop(first);
    // The server hears of it a moment later.
    while Socket::connect_with(app.address(), &[]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_client_is_heard_while_a_subscription_waits() {
    let app = TestApp::start().await;
    // While this is open no slot can be made.
    let mut open = app.database.connect().await;
    open.execute("begin; create table held ()").await.unwrap();
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.send(json!({"op": "subscribe", "id": "n", "collection": "notes"})).await;
    socket.send(json!({"op": "subscribe", "id": "m", "collection": "notes"})).await;
    socket.send(json!({"op": "ping"})).await;
    assert_eq!(socket.next().await, json!({"op": "pong"}));
    socket.send(json!({"op": "unsubscribe", "id": "m"})).await;
    assert_eq!(socket.next().await, json!({"op": "unsubscribed", "id": "m"}));
    open.execute("rollback").await.unwrap();
    let begun = socket.next().await;
    assert_eq!((&begun["op"], &begun["id"]), (&json!("subscribed"), &json!("n")));
    socket.silence().await;
}

#[tokio::test]
async fn a_session_that_ends_closes_its_socket_where_nothing_is_followed() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let mut socket = Socket::connect(&app, &ada).await;
    ada.post("/v1/auth/logout", json!({})).await.expect_status(204);
    assert_eq!(socket.goodbye().await, 4401);
}
