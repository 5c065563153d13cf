//! Changes where the write-ahead log cannot be read. All other tests of realtime, webhooks and triggers run over the outbox too (`.ci/run`).

use annex_tests::{Socket, TestApp, TestDatabase};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{notes, titles};

async fn start() -> TestApp {
    TestApp::builder().set("ANNEX_REALTIME_SOURCE", "outbox").start().await
}

async fn run(connection: &mut PgConnection, statements: &str) {
    connection
        .execute(AssertSqlSafe(statements))
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

const CAPTURED: &str = "select string_agg(tgrelid::regclass::text, ',' order by tgrelid) from pg_trigger
                         where tgname = 'annex_capture' and tgparentid = 0";

#[tokio::test]
async fn transactions_are_told_in_the_order_of_their_commits() {
    let app = start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    let (mut first, mut second) = (app.database.connect().await, app.database.connect().await);
    // Who begins first, writes first and sees an older moment is committed last.
    run(
        &mut first,
        "begin isolation level serializable; insert into notes (title, public) values ('late', true); savepoint s;
         insert into notes (title, public) values ('undone', true); rollback to s",
    )
    .await;
    run(&mut second, "insert into notes (title, public) values ('early', true)").await;
    run(
        &mut second,
        "begin isolation level repeatable read; insert into notes (title, public) values ('between', true)",
    )
    .await;
    run(&mut first, "insert into notes (title, public) values ('later', true)").await;
    run(&mut second, "commit").await;
    run(&mut first, "commit").await;
    // What is only in a savepoint that is undone is in no transaction.
    run(&mut first, "begin; savepoint s; delete from notes; rollback to s; commit").await;
    run(&mut first, "begin; savepoint s; delete from notes; rollback to s; update notes set title = 'last' where title = 'early'; commit")
        .await;
    let events = socket.events(5).await;
    assert_eq!(
        titles(&events),
        [("enter", "early"), ("enter", "between"), ("enter", "late"), ("enter", "later"), ("update", "last")]
    );
    socket.silence().await;
}

#[tokio::test]
async fn a_value_is_as_in_an_answer_whatever_the_session_that_writes_it_is_set_to() {
    let app = start().await;
    app.collection(json!({
        "name": "things", "realtime": true, "rules": {"list": "", "view": ""},
        "fields": [
            {"name": "a_text", "type": "text"}, {"name": "at", "type": "timestamp"}, {"name": "day", "type": "date"},
            {"name": "a_float", "type": "float"}, {"name": "a_json", "type": "json"}, {"name": "texts", "type": "text", "array": true},
        ],
    }))
    .await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "t", "collection": "things"})).await;
    let mut connection = app.database.connect().await;
    run(
        &mut connection,
        r#"set datestyle = 'German'; set timezone = 'Asia/Tokyo'; set extra_float_digits = -15; set intervalstyle = 'sql_standard';
           set session_replication_role = replica; set synchronous_commit = off;
           insert into things (a_text, at, day, a_float, a_json, texts) values
               (null, null, null, null, null, null),
               ('', '2026-01-31 21:00:00.12', '31.01.2026', 0.1::float8 + 0.2, '{"a": [1, "),(\""]}', '{"",null,"a,b)"}'),
               (E'(a,"b\\")\n,', 'infinity', '0044-03-15 BC', 'NaN', '"\\"', '{}')"#,
    )
    .await;
    let told = socket.events(3).await;
    let listed = app.anonymous().get("/v1/records/things?sort=created_at,id").await.expect_status(200).json();
    for (kind, record) in &told {
        assert_eq!(kind, "enter");
        let listed = listed["items"].as_array().unwrap().iter().find(|one| one["id"] == record["id"]);
        assert_eq!(Some(record), listed);
    }
}

#[tokio::test]
async fn parts_of_a_table_and_columns_that_come_are_told() {
    let app = start().await;
    app.sql(
        "create table parts (id int primary key, a text, b text) partition by range (id);
         create table parts_0 partition of parts for values from (0) to (10);
         create table parts_1 (b text, gone int, a text, id int not null); alter table parts_1 drop column gone;
         alter table parts attach partition parts_1 for values from (10) to (20)",
    )
    .await;
    let admin = app.admin().await;
    let adopt = json!({"table": "public.parts", "name": "parts", "realtime": true, "rules": {"list": "", "view": ""}});
    admin.post("/v1/collections/adopt", adopt).await.expect_status(201);
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "p", "collection": "parts"})).await;
    app.sql(
        "insert into parts values (1, 'a', 'x'), (11, 'b', 'y'); insert into parts_1 (id, a) values (12, 'c');
         create table parts_2 partition of parts for values from (20) to (30); insert into parts values (21, 'd', 'z')",
    )
    .await;
    let told: Vec<Value> = socket.events(4).await.into_iter().map(|(_, record)| record).collect();
    let row = |id: i64, a: &str, b: Option<&str>| json!({"id": id, "a": a, "b": b});
    assert_eq!(
        told,
        [row(1, "a", Some("x")), row(11, "b", Some("y")), row(12, "c", None), row(21, "d", Some("z"))]
    );
    app.sql("alter table parts add column c text; update parts set c = a where id = 1").await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "p", "reason": "collection_changed"}));
}

#[tokio::test]
async fn what_was_thrown_away_is_a_reason_to_begin_anew() {
    let app = start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, begin) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title, public) values ('a', true)").await;
    socket.events(1).await;
    app.sql("select annex.trim_changes(9223372036854775807)").await;
    // Who has read it needs it no more.
    app.sql("insert into notes (title, public) values ('b', true)").await;
    assert_eq!(titles(&socket.events(1).await), [("enter", "b")]);
    // Another server cannot tell it.
    let second = TestApp::builder()
        .database(app.database.clone())
        .set("ANNEX_REALTIME_SOURCE", "outbox")
        .start()
        .await;
    let mut socket = Socket::connect(&second, &second.anonymous()).await;
    socket.send(json!({"op": "subscribe", "id": "n", "collection": "notes", "after": begin})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "n", "reason": "too_old"}));
    assert_eq!(app.sql_value("select count(*) from annex.changes").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn only_what_is_told_is_captured() {
    let app = start().await;
    notes(&app).await;
    let admin = app.admin().await;
    // Nobody reads yet.
    assert_eq!(app.sql_value(CAPTURED).await, None);
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    assert_eq!(app.sql_value(CAPTURED).await.as_deref(), Some("notes"));
    app.collection(json!({"name": "more", "fields": [{"name": "n", "type": "int"}], "realtime": true})).await;
    assert_eq!(app.sql_value(CAPTURED).await.as_deref(), Some("notes,more"));
    admin.patch("/v1/collections/notes", json!({"realtime": false})).await.expect_status(200);
    assert_eq!(app.sql_value(CAPTURED).await.as_deref(), Some("more"));
    app.sql("insert into notes (title, public) values ('a', true)").await;
    assert_eq!(
        app.sql_value("select count(*) from annex.changes where kind <> 'M'").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn another_source_is_another_log() {
    let app = start().await;
    notes(&app).await;
    let mut before: Option<String> = None;
    let mut servers = Vec::new();
    for (source, captured) in [("outbox", Some("notes")), ("log", None), ("outbox", Some("notes"))] {
        // One at a time: the same is set for all servers of a database.
        app.inside().realtime.ending.cancel();
        let server = TestApp::builder()
            .database(app.database.clone())
            .set("ANNEX_REALTIME_SOURCE", source)
            .start()
            .await;
        let mut socket = Socket::connect(&server, &server.anonymous()).await;
        let (_, now) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
        assert_eq!(app.sql_value(CAPTURED).await.as_deref(), captured);
        app.sql("insert into notes (title, public) values ('a', true)").await;
        assert_eq!(titles(&socket.events(1).await), [("enter", "a")]);
        if let Some(before) = before.replace(now) {
            socket.send(json!({"op": "subscribe", "id": "m", "collection": "notes", "after": before})).await;
            assert_eq!(socket.next().await, json!({"op": "resync", "id": "m", "reason": "log_lost"}));
        }
        server.inside().realtime.ending.cancel();
        servers.push(server);
    }
}

/// As a managed database is: its role owns it, and may do nothing else.
#[tokio::test]
async fn a_role_that_may_not_replicate_reads_the_outbox() {
    let database = TestDatabase::create_empty().await;
    let url = database.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(&mut connection).await.unwrap();
    let role = format!("owner_{name}");
    run(
        &mut connection,
        &format!("create role \"{role}\" login; alter database \"{name}\" owner to \"{role}\"; alter schema public owner to \"{role}\""),
    )
    .await;
    {
        let app = TestApp::builder()
            .database(database.clone())
            .set("ANNEX_DATABASE_URL", url.replace("user=annex", &format!("user={role}")))
            .set("ANNEX_REALTIME_SOURCE", "auto")
            .start()
            .await;
        notes(&app).await;
        let mut socket = Socket::connect(&app, &app.anonymous()).await;
        socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
        app.rows("notes", [json!({"title": "one", "public": true})]).await;
        app.sql("insert into notes (title, public) values ('two', true)").await;
        assert_eq!(titles(&socket.events(2).await), [("enter", "one"), ("enter", "two")]);
        let status = app.admin().await.get("/v1/realtime/status").await.expect_status(200).json();
        assert_eq!((&status["feed"]["source"], &status["slot"]), (&json!("outbox"), &json!(null)));
        // Who may write to a table need not know of the outbox, and may not forge what stands in it.
        let writer = format!("writer_{name}");
        app.sql(&format!("create role \"{writer}\"; grant insert on notes to \"{writer}\"")).await;
        let mut connection = app.database.connect().await;
        run(
            &mut connection,
            &format!(
                "set role \"{writer}\"; insert into notes (id, title, public, created_at, updated_at)
                      values (gen_random_uuid(), 'three', true, now(), now())"
            ),
        )
        .await;
        assert_eq!(titles(&socket.events(1).await), [("enter", "three")]);
        for forbidden in ["select annex.trim_changes(1)", "insert into annex.changes default values"] {
            assert!(connection.execute(AssertSqlSafe(forbidden)).await.is_err(), "{forbidden}");
        }
        run(&mut connection, &format!("reset role; drop owned by \"{writer}\"; drop role \"{writer}\""))
            .await;
    }
    // What it owned went with the database.
    let mut connection = PgConnection::connect(&url.replace(&name, "postgres")).await.unwrap();
    run(&mut connection, &format!("drop role \"{role}\"")).await;
}
