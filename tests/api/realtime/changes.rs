//! What a subscription is told.

use annex_tests::{Socket, TestApp};
use serde_json::{Value, json};

use super::{notes, titles};

#[tokio::test]
async fn rows_enter_change_and_leave() {
    let app = TestApp::start().await;
    notes(&app).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let mut socket = Socket::connect(&app, &ada).await;
    let (before, _) =
        socket.subscribe(json!({"id": "n", "collection": "notes", "fields": ["id", "title", "owner"]})).await;
    assert!(before.is_empty(), "{before:?}");

    let row = app.rows("notes", [json!({"title": "one", "public": true, "secret": "s"})]).await.remove(0);
    let path = format!("/v1/records/notes/{}", row["id"].as_str().unwrap());
    admin.patch(&path, json!({"title": "two"})).await.expect_status(200);
    // What is not told changes: nothing is told.
    admin.patch(&path, json!({"secret": "t"})).await.expect_status(200);
    admin.patch(&path, json!({"public": false})).await.expect_status(200);
    admin.patch(&path, json!({"owner": ada.id()})).await.expect_status(200);
    admin.delete(&path).await.expect_status(204);

    let events = socket.events(5).await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["enter", "update", "leave", "enter", "leave"]);
    assert_eq!(events[0].1["title"], "one");
    assert_eq!(events[1].1["title"], "two");
    assert_eq!(events[2].1, json!({"id": row["id"]}), "of one that leaves the key alone is told");
    assert_eq!(events[3].1["owner"], ada.id());
    assert!(events.iter().all(|(_, record)| record.get("secret").is_none()), "{events:?}");
}

#[tokio::test]
async fn a_record_is_as_in_an_answer() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "all_types",
        "realtime": true,
        "fields": [
            {"name": "a_text", "type": "text"}, {"name": "an_int", "type": "int"}, {"name": "a_bigint", "type": "bigint"},
            {"name": "a_float", "type": "float"}, {"name": "a_numeric", "type": "numeric"}, {"name": "a_bool", "type": "bool"},
            {"name": "a_date", "type": "date"}, {"name": "a_timestamp", "type": "timestamp"}, {"name": "a_uuid", "type": "uuid"},
            {"name": "a_json", "type": "json"}, {"name": "an_enum", "type": "enum", "values": ["x", "y z"]},
            {"name": "texts", "type": "text", "array": true}, {"name": "floats", "type": "float", "array": true},
            {"name": "dates", "type": "date", "array": true}, {"name": "an_email", "type": "email"},
        ],
        "rules": {"list": "", "view": ""}
    }))
    .await;
    let mut socket = Socket::connect(&app, &app.admin().await).await;
    socket.subscribe(json!({"id": "t", "collection": "all_types"})).await;
    let rows = [
        json!({}),
        json!({
            "a_text": "ü\"\\\n\u{1}", "an_int": -2_147_483_648i64, "a_bigint": "9223372036854775807", "a_float": 1e300,
            "a_numeric": "-0.00100", "a_bool": true, "a_date": "-000043-03-15", "a_timestamp": "2026-01-31T12:00:00.120Z",
            "a_uuid": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "a_json": {"b": [1.00, null], "a": "\u{1F600}"}, "an_enum": "y z",
            "texts": ["a,b", "", "NULL", "{}", "\"", null], "floats": [0.1, 3.0, null], "dates": ["2026-01-31", "+012026-01-31"],
            "an_email": "a@example.com"
        }),
        json!({"a_float": "NaN", "a_numeric": "Infinity", "a_date": "infinity", "a_timestamp": "-infinity", "texts": []}),
        json!({"a_text": "long ".repeat(10_000), "a_float": 100.0, "a_timestamp": "+012026-01-31T12:00:00.000001Z"}),
    ];
    for row in rows {
        let made = app.rows("all_types", [row]).await.remove(0);
        let path = format!("/v1/records/all_types/{}", made["id"].as_str().unwrap());
        let events = socket.events(1).await;
        assert_eq!(events[0].1, made);
        // A value that stands apart and stays is not in the log again.
        let changed = app.admin().await.patch(&path, json!({"an_int": 7})).await.expect_status(200).json();
        let events = socket.events(1).await;
        assert_eq!((events[0].0.as_str(), &events[0].1), ("update", &changed));
    }
}

#[tokio::test]
async fn writes_past_the_server_are_told_in_the_order_of_their_commits() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let filter = "title like \"%!\"";
    socket.subscribe(json!({"id": "n", "collection": "notes", "filter": filter, "fields": ["title"]})).await;
    for statements in [
        "insert into notes (title, public) values ('a!', true), ('b', true), ('c!', false)",
        "update notes set title = 'b!' where title = 'b'",
        "begin; update notes set title = 'a?' where title = 'a!'; update notes set public = true; rollback",
        "update notes set public = true where title = 'c!'; select pg_logical_emit_message(true, 'other', 'x')",
        "update notes set id = '0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f' where title = 'c!'",
        "delete from notes",
    ] {
        app.sql(statements).await;
    }
    let events = socket.events(8).await;
    let mut expected = vec![
        ("enter", "a!"),
        ("enter", "b!"),
        ("enter", "c!"),
        ("leave", "-"),
        ("enter", "c!"),
        ("leave", "-"),
        ("leave", "-"),
        ("leave", "-"),
    ];
    assert_eq!(titles(&events[..5]), expected.drain(..5).collect::<Vec<_>>());
    assert_eq!(titles(&events[5..]), expected);
    assert_eq!(events[0].1.as_object().unwrap().len(), 1);
    socket.silence().await;
}

#[tokio::test]
async fn a_snapshot_and_what_follows_are_one_story() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.sql("insert into notes (title, public) select 'n' || i, i % 2 = 0 from generate_series(1, 200) i")
        .await;
    // Somebody writes all the time.
    let writer = async {
        for step in 0..60 {
            app.sql(&format!(
                "update notes set public = not public where title like '%{}'; insert into notes (title, public) values ('w{step}', true)",
                step % 10
            ))
            .await;
        }
    };
    let reader = async {
        let mut stories = Vec::new();
        for _ in 0..8 {
            let mut socket = Socket::connect(&app, &app.anonymous()).await;
            let (before, cursor) =
                socket.subscribe(json!({"id": "n", "collection": "notes", "snapshot": true})).await;
            assert_eq!(before[0]["op"], "snapshot");
            stories.push((socket, before, cursor));
        }
        stories
    };
    let ((), stories) = tokio::join!(writer, reader);
    app.sql("insert into notes (title, public) values ('the end', true)").await;
    let mut expected: Vec<Value> =
        app.anonymous().get("/v1/records/notes?limit=1000").await.json()["items"].as_array().unwrap().clone();
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    expected.sort_by_key(id);
    for (mut socket, before, _) in stories {
        let mut rows: Vec<Value> = before[0]["records"].as_array().unwrap().clone();
        let mut waiting = before[1..].to_vec();
        loop {
            let event = if waiting.is_empty() { socket.next().await } else { waiting.remove(0) };
            let record = &event["record"];
            let place = rows.iter().position(|row| row["id"] == record["id"]);
            match (event["type"].as_str().unwrap(), place) {
                ("enter", None) => rows.push(record.clone()),
                ("update", Some(place)) => rows[place] = record.clone(),
                ("leave", Some(place)) => drop(rows.remove(place)),
                (kind, place) => panic!("{kind} of a row at {place:?}: {event}"),
            }
            if record["title"] == "the end" {
                break;
            }
        }
        rows.sort_by_key(id);
        assert_eq!(rows, expected);
    }
}

#[tokio::test]
async fn all_rows_at_once_are_a_reason_to_begin_anew() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("truncate notes").await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "n", "reason": "truncated"}));
}

#[tokio::test]
async fn a_collection_that_changes_is_a_reason_to_begin_anew() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("alter table notes add column note text; insert into notes (title, public) values ('a', true)")
        .await;
    assert_eq!(socket.next().await["reason"], "collection_changed");
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public, note) values ('b', true, 'n')").await;
    assert_eq!(socket.events(1).await[0].1["note"], "n");
}

#[tokio::test]
async fn a_type_that_changes_and_a_row_that_is_not_whole_are_reasons_to_begin_anew() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.sql("alter table notes add column size integer").await;
    app.schema_seen(|snapshot| snapshot.table("notes").is_some_and(|table| table.column("size").is_some()))
        .await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public, size) values ('a', true, 1)").await;
    assert_eq!(socket.events(1).await[0].1["size"], 1);
    app.sql("update notes set size = 2").await;
    assert_eq!(socket.events(1).await[0].1["size"], 2);
    app.sql("alter table notes alter column size type text; update notes set size = 'a\"b'").await;
    assert_eq!(socket.next().await["reason"], "collection_changed");
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("update notes set size = 'c\"d'").await;
    assert_eq!(socket.events(1).await[0].1["size"], "c\"d");
    app.sql("alter table notes replica identity default; update notes set size = 'e'").await;
    assert_eq!(socket.next().await["reason"], "collection_changed");
}
