//! `ETag`, `If-Match`, `If-None-Match`.

use annex_tests::TestApp;
use serde_json::json;

use super::support::{Settings, adopt, set_rule};

const NOTES: &str = "create table notes (id int primary key, title text, hits int not null default 0);
    insert into notes values (1, 'one', 0), (2, 'two', 0);";

#[tokio::test]
async fn a_tag_stays_until_the_record_changes() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    let path = "/v1/records/notes/1";
    let tag = anyone.get(path).await.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is a strong tag");
    assert_eq!(anyone.get(path).await.header("etag"), Some(tag.as_str()));
    for known in [tag.clone(), format!("\"x\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let answer = anyone.get(path).header("if-none-match", &known).await.expect_status(304);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
    }
    anyone.get(path).header("if-none-match", "\"0\"").await.expect_status(200);
    app.sql("update notes set title = 'uno' where id = 1").await;
    let changed = anyone.get(path).header("if-none-match", &tag).await.expect_status(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    // What a write answers is what a read answers next.
    let written = anyone.patch(path, json!({"title": "one"})).await.expect_status(200);
    let new = written.header("etag").expect("a tag").to_owned();
    assert_eq!(anyone.get(path).await.header("etag"), Some(new.as_str()));
    let made = anyone.post("/v1/records/notes", json!({"id": 3})).await.expect_status(201);
    let read = anyone.get("/v1/records/notes/3").await;
    assert_eq!(read.header("etag"), made.header("etag"));
}

#[tokio::test]
async fn if_match_holds_for_every_write() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    let path = "/v1/records/notes/1";
    let old = anyone.get(path).await.header("etag").expect("a tag").to_owned();
    let new = anyone.patch(path, json!({"title": "x"})).header("if-match", &old).await.expect_status(200);
    let new = new.header("etag").expect("a tag").to_owned();
    for stale in [old.as_str(), "\"h.1\"", "\"\"", "\"zz\"", "W/\"1\"", "x", "\"ffffffffff\""] {
        for request in [
            anyone.patch(path, json!({"title": "y"})),
            anyone.put(path, json!({"title": "y"})),
            anyone.delete(path),
        ] {
            request.header("if-match", stale).await.expect_problem("precondition_failed");
        }
    }
    assert_eq!(anyone.get(path).await.json()["title"], "x", "nothing was written");
    let newer = anyone.put(path, json!({"title": "z"})).header("if-match", &new).await.expect_status(200);
    let newer = newer.header("etag").expect("a tag").to_owned();
    // `*`: it is there at all.
    anyone.patch(path, json!({"hits": 1})).header("if-match", "*").await.expect_status(200);
    anyone.delete(path).header("if-match", &newer).await.expect_problem("precondition_failed");
    anyone.delete(path).header("if-match", "*").await.expect_status(204);
    for request in [
        anyone.patch(path, json!({"title": "y"})).header("if-match", "*"),
        anyone.put(path, json!({"title": "y"})).header("if-match", "*"),
        anyone.put(path, json!({"title": "y"})).header("if-match", &newer),
        anyone.delete(path).header("if-match", "*"),
    ] {
        request.await.expect_problem("not_found");
    }
    anyone.get(path).await.expect_problem("not_found");
}

#[tokio::test]
async fn of_two_writers_with_one_tag_one_wins() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    for round in 0..20 {
        let tag = anyone.get("/v1/records/notes/1").await.header("etag").expect("a tag").to_owned();
        let write = |name: &str| {
            let request = anyone.patch("/v1/records/notes/1", json!({"title": format!("{name} {round}")}));
            request.header("if-match", &tag).into_future()
        };
        let (a, b, c) = tokio::join!(write("a"), write("b"), write("c"));
        let mut statuses = [a.status, b.status, c.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412]);
        let winner = [&a, &b, &c].into_iter().find(|answer| answer.status == 200).expect("one won");
        assert_eq!(anyone.get("/v1/records/notes/1").await.json(), winner.json());
    }
}

#[tokio::test]
async fn a_failed_precondition_says_nothing_of_what_may_not_be_viewed() {
    let app = TestApp::start().await;
    let settings = Settings::open().reading("title = 'two'").rule("update", "true");
    adopt(&app, "notes", NOTES, settings).await;
    let anyone = app.anonymous();
    for id in [1, 99] {
        let path = format!("/v1/records/notes/{id}");
        anyone.patch(&path, json!({"hits": 1})).header("if-match", "\"1\"").await.expect_problem("not_found");
        anyone.delete(&path).header("if-match", "\"1\"").await.expect_problem("not_found");
    }
    // Where only the write is refused, the tag is not looked at.
    set_rule(&app, "notes", "view", Some("")).await;
    set_rule(&app, "notes", "update", Some("false")).await;
    let tag = anyone.get("/v1/records/notes/1").await.header("etag").expect("a tag").to_owned();
    let answer = anyone.patch("/v1/records/notes/1", json!({"hits": 1})).header("if-match", &tag).await;
    answer.expect_problem("not_found");
}

#[tokio::test]
async fn what_has_no_version_has_a_tag_of_its_content() {
    let app = TestApp::start().await;
    adopt(
        &app,
        "shouts",
        "create table base (id int primary key, title text); insert into base values (1, 'a');
         create view shouts as select id, upper(title) as title from base;",
        Settings::open().keyed(&["id"]),
    )
    .await;
    let anyone = app.anonymous();
    let tag =
        anyone.get("/v1/records/shouts/1").await.expect_status(200).header("etag").expect("a tag").to_owned();
    anyone.get("/v1/records/shouts/1").header("if-none-match", &tag).await.expect_status(304);
    app.sql("update base set title = 'b'").await;
    anyone.get("/v1/records/shouts/1").header("if-none-match", &tag).await.expect_status(200);
}

#[tokio::test]
async fn if_none_match_keeps_a_replacement_from_what_is_there() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    let put = |id: u32| {
        anyone.put(&format!("/v1/records/notes/{id}"), json!({"title": "new"})).header("if-none-match", "*")
    };
    let made = put(3).await.expect_status(201).expect_header("location", "/v1/records/notes/3");
    assert_eq!(made.json(), json!({"id": 3, "title": "new", "hits": 0}));
    for id in [1, 3] {
        put(id).await.expect_status(412).expect_problem("precondition_failed");
    }
    assert_eq!(anyone.get("/v1/records/notes/1").await.json()["title"], "one");
    // Of many that come at once, one makes it.
    let answers = futures_util::future::join_all((0..8).map(|_| async { put(4).await.status })).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 412).count(), 7, "{answers:?}");
    let path = "/v1/records/notes/1";
    let tag = anyone.get(path).await.header("etag").expect("a tag").to_owned();
    put(1).header("if-match", &tag).await.expect_status(412);
    put(9).header("if-none-match", "*").await.expect_status(400);
    // It says nothing else of a write.
    anyone.put(path, json!({})).header("if-none-match", &tag).await.expect_status(400);
    anyone.patch(path, json!({"hits": 1})).header("if-none-match", "*").await.expect_status(400);
    anyone.delete(path).header("if-none-match", "*").await.expect_status(400);
    assert_eq!(
        app.sql_value("select sum(hits) from notes where title in ('one', 'two')").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn if_none_match_asks_the_create_rule() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open().rule("create", "title = 'yes'").rule("update", "false"))
        .await;
    let made = "create table made (id int primary key generated always as identity, title text); insert into made default values";
    adopt(&app, "made", made, Settings::open()).await;
    let anyone = app.anonymous();
    let put = |path: &str, title: &str| {
        anyone.put(&format!("/v1/records/{path}"), json!({"title": title})).header("if-none-match", "*")
    };
    put("notes/3", "no").await.expect_status(401).expect_problem("unauthenticated");
    put("notes/3", "yes").await.expect_status(201);
    put("notes/3", "yes").await.expect_status(412);
    // Whoever may view the record may know that it is there.
    put("notes/1", "no").await.expect_status(412);
    set_rule(&app, "notes", "view", Some("false")).await;
    put("notes/1", "no").await.expect_status(401).expect_problem("unauthenticated");
    // The database alone makes these keys.
    put("made/1", "x").await.expect_status(412);
    put("made/9", "x").await.expect_status(404);
    assert_eq!(
        app.sql_value("select string_agg(title, ',' order by id) from notes").await.as_deref(),
        Some("one,two,yes")
    );
}
