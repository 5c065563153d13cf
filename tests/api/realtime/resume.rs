//! Coming back with a cursor.

use annex_tests::{Socket, TestApp};
use serde_json::json;

use super::{notes, titles};

#[tokio::test]
async fn whoever_was_away_is_told_what_happened() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public) select 'n' || i, true from generate_series(1, 50) i").await;
    let mut whole = Vec::new();
    for _ in 0..50 {
        whole.push(socket.next().await);
    }
    drop(socket);
    app.sql("update notes set title = title || '!'; delete from notes where title = 'n7!'").await;

    // From the beginning, from within a transaction, and from the end.
    for (after, place) in [(begin.as_str(), 0), (whole[20]["cursor"].as_str().unwrap(), 21)] {
        let mut socket = Socket::connect(&app, &app.anonymous()).await;
        let (mut told, _) = socket.subscribe(json!({"id": "n", "collection": "notes", "after": after})).await;
        while told.len() < 50 - place + 51 {
            told.push(socket.next().await);
        }
        socket.silence().await;
        assert_eq!(told[..50 - place], whole[place..]);
        assert_eq!(told.last().unwrap()["type"], "leave");
        let mut cursors: Vec<&str> = told.iter().map(|event| event["cursor"].as_str().unwrap()).collect();
        cursors.dedup();
        assert_eq!(cursors.len(), told.len());
    }
}

#[tokio::test]
async fn much_that_was_missed_comes_as_fast_as_it_is_taken() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    drop(socket);
    // More than may wait for a client, and more changes than are looked at in one go.
    app.sql("insert into notes (title, public) select repeat('n', 2000) || i, true from generate_series(1, 5000) i").await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.send(json!({"op": "subscribe", "id": "n", "collection": "notes", "after": begin})).await;
    // What happens meanwhile comes in its place.
    app.sql("insert into notes (title, public) values ('last', true)").await;
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "last") {
        let message = socket.next().await;
        if message["op"] == "event" {
            told.push(message["record"]["title"].clone());
        } else {
            assert_eq!(message["op"], "subscribed", "{message}");
        }
    }
    assert_eq!(told.len(), 5001);
}

#[tokio::test]
async fn a_cursor_counts_on_another_server() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public) values ('a', true), ('b', true)").await;
    let events = [socket.next().await, socket.next().await];
    // It begins later, and reads again what happened before.
    let second = TestApp::builder().database(app.database.clone()).start().await;
    for (after, expected) in
        [(begin.as_str(), &events[..]), (events[0]["cursor"].as_str().unwrap(), &events[1..])]
    {
        let mut socket = Socket::connect(&second, &second.anonymous()).await;
        let (told, _) = socket.subscribe(json!({"id": "n", "collection": "notes", "after": after})).await;
        assert_eq!(told[..expected.len()], *expected);
    }
    let mut socket = Socket::connect(&second, &second.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public) values ('c', true)").await;
    assert_eq!(socket.events(1).await[0].1["title"], "c");
}

#[tokio::test]
async fn a_cursor_that_is_no_good_is_told_plainly() {
    let app = TestApp::builder().set("ANNEX_REALTIME_KEPT", "20000").start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    let other_log = format!("{:08x}{}", 7, &begin[8..]);
    socket.send(json!({"op": "subscribe", "id": "o", "collection": "notes", "after": other_log})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "o", "reason": "log_lost"}));
    socket.send(json!({"op": "subscribe", "id": "o", "collection": "notes", "after": "yesterday"})).await;
    assert_eq!(socket.next().await["code"], "invalid_cursor");
    app.sql("insert into notes (title, public) select 'n' || i, true from generate_series(1, 500) i").await;
    socket.events(500).await;
    socket.send(json!({"op": "subscribe", "id": "o", "collection": "notes", "after": begin})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "o", "reason": "too_old"}));
    // A rule that changed meanwhile: what was told before may not be what may be seen.
    let (_, now) = socket.subscribe(json!({"id": "o", "collection": "notes"})).await;
    app.sql("update annex.collections set view_rule = 'public' where name = 'notes'").await;
    assert_eq!(socket.next().await["reason"], "collection_changed");
    assert_eq!(socket.next().await["reason"], "collection_changed");
    socket.send(json!({"op": "subscribe", "id": "o", "collection": "notes", "after": now})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "o", "reason": "collection_changed"}));
}

#[tokio::test]
async fn a_log_that_is_lost_is_told_and_another_begins() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    let slots = "select count(*) from pg_replication_slots where database = current_database()";
    assert_eq!(app.sql_value(slots).await.as_deref(), Some("2"));
    app.sql(
        "select pg_drop_replication_slot(slot) from annex.feed;
         select pg_terminate_backend(active_pid) from pg_replication_slots where database = current_database() and active",
    )
    .await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "n", "reason": "log_lost"}));
    let (_, now) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    assert_ne!(now[..8], begin[..8]);
    app.sql("insert into notes (title, public) values ('a', true)").await;
    socket.events(1).await;
}

#[tokio::test]
async fn what_changed_in_a_lost_log_counts_all_the_same() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "papers",
        "realtime": true,
        "fields": [{"name": "title", "type": "text", "required": true}],
        "rules": {"view": "\"editor\" in @user.roles"}
    }))
    .await;
    app.sql("insert into papers (title) values ('one')").await;
    let ada = app.user("ada").await;
    app.sql("update annex.users set roles = '{editor}' where email = 'ada@example.com'").await;
    let mut socket = Socket::connect(&app, &ada).await;
    let papers = json!({"id": "p", "collection": "papers", "snapshot": true});
    let (told, _) = socket.subscribe(papers.clone()).await;
    assert_eq!(told[0]["records"].as_array().unwrap().len(), 1);
    // All of it is committed at once: the log that has it is read by nobody.
    app.sql(
        "update annex.users set roles = '{}' where email = 'ada@example.com';
         select pg_drop_replication_slot(slot) from annex.feed;
         select pg_terminate_backend(active_pid) from pg_replication_slots where database = current_database() and active",
    )
    .await;
    assert_eq!(socket.next().await["op"], "resync");
    // Where it is found out meanwhile who the client is now, it begins once more.
    let records = loop {
        let mut subscribe = papers.clone();
        subscribe["op"] = json!("subscribe");
        socket.send(subscribe).await;
        let told = socket.next().await;
        if told["op"] == "snapshot" {
            break told["records"].clone();
        }
        assert_eq!((&told["op"], &told["reason"]), (&json!("resync"), &json!("access_changed")));
    };
    assert_eq!(records, json!([]));
    assert_eq!(socket.next().await["op"], "subscribed");
    app.sql("insert into papers (title) values ('two')").await;
    socket.silence().await;
}

#[tokio::test]
async fn a_row_that_goes_by_another_key_leaves_and_comes_at_two_places() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.sql("insert into notes (title, public) values ('a', true)").await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("update notes set id = gen_random_uuid(), title = 'b'").await;
    let events = [socket.next().await, socket.next().await];
    assert_eq!([&events[0]["type"], &events[1]["type"]], ["leave", "enter"]);
    for (place, event) in events.iter().enumerate() {
        let mut socket = Socket::connect(&app, &app.anonymous()).await;
        let after = json!({"id": "n", "collection": "notes", "after": event["cursor"]});
        let (told, _) = socket.subscribe(after).await;
        assert_eq!(told, events[place + 1..]);
    }
}

#[tokio::test]
async fn rows_that_are_more_than_may_wait_are_told() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.sql("insert into notes (title, public) select repeat('n', 2000) || i, true from generate_series(1, 2000) i").await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    for id in ["a", "b"] {
        let subscribe = json!({"op": "subscribe", "id": id, "collection": "notes", "snapshot": true});
        socket.send(subscribe).await;
    }
    for _ in 0..2 {
        let rows = socket.next().await;
        assert_eq!(rows["records"].as_array().map(Vec::len), Some(2000), "{:.300}", rows.to_string());
        assert_eq!(socket.next().await["op"], "subscribed");
    }
    app.sql("insert into notes (title, public) values ('last', true)").await;
    assert_eq!(titles(&socket.events(2).await), [("enter", "last"); 2]);
}

#[tokio::test]
async fn a_connection_that_is_lost_loses_nothing() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    for number in 0..5 {
        app.sql(&format!(
            "insert into notes (title, public) values ('{number}a', true);
             select pg_terminate_backend(active_pid) from pg_replication_slots where database = current_database() and active;
             insert into notes (title, public) values ('{number}b', true)"
        ))
        .await;
        let events = socket.events(2).await;
        assert_eq!(
            (&events[0].1["title"], &events[1].1["title"]),
            (&json!(format!("{number}a")), &json!(format!("{number}b")))
        );
    }
    socket.silence().await;
}

#[tokio::test]
async fn a_subscription_begins_behind_what_was_committed_and_is_not_on_disk_yet() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    for round in 0..10 {
        let before = "insert into notes (title, public) values ('before', true)";
        app.sql(&format!("set synchronous_commit = off; {before}")).await;
        socket.subscribe(json!({"id": "n", "collection": "notes", "snapshot": round % 2 == 0})).await;
        app.sql("insert into notes (title, public) values ('behind', true)").await;
        assert_eq!(socket.events(1).await[0].1["title"], "behind", "round {round}");
    }
}
