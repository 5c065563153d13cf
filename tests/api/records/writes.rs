//! Create, update, replace, delete: what they take, what they answer, what they leave.

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::support::{Settings, adopt, adopt_table, records, set_rule};

const NOTES: &str = "
    create table notes (
        id uuid primary key default gen_random_uuid(), title text not null, body text default 'empty', hits int not null default 0, owner uuid,
        size int generated always as (length(body)) stored
    );";

#[tokio::test]
async fn a_write_answers_the_record_unless_that_is_declined() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    let made = anyone.post("/v1/records/notes", json!({"title": "a"})).await.expect_status(201);
    let location = made.header("location").expect("a location").to_owned();
    let note = made.json();
    assert_eq!((&note["body"], &note["hits"], &note["size"]), (&json!("empty"), &json!(0), &json!(5)));
    assert_eq!(anyone.get(&location).await.json(), note);
    let minimal =
        anyone.post("/v1/records/notes", json!({"title": "b"})).header("prefer", "return=minimal").await;
    let minimal = minimal.expect_status(201).expect_header("preference-applied", "return=minimal");
    assert!(
        minimal.body.is_empty() && minimal.header("location").is_some() && minimal.header("etag").is_some()
    );
    let patched = anyone.patch(&location, json!({"body": null})).await.expect_status(200).json();
    assert_eq!(
        (&patched["body"], &patched["size"], &patched["title"]),
        (&Value::Null, &Value::Null, &json!("a"))
    );
    let minimal = anyone.patch(&location, json!({"hits": 5})).header("prefer", "return=minimal").await;
    assert!(minimal.expect_status(204).body.is_empty());
    assert_eq!(anyone.patch(&location, json!({})).await.expect_status(200).json()["hits"], 5);
    // What a replacement leaves out gets its default.
    let replaced = anyone.put(&location, json!({"title": "c"})).await.expect_status(200).json();
    assert_eq!(
        (&replaced["body"], &replaced["hits"], &replaced["title"]),
        (&json!("empty"), &json!(0), &json!("c"))
    );
    assert_eq!(replaced["id"], note["id"]);
    anyone.put(&location, json!({"hits": 1})).await.expect_problem("validation_failed");
    assert!(anyone.delete(&location).await.expect_status(204).body.is_empty());
    anyone.delete(&location).await.expect_problem("not_found");
    anyone.patch(&location, json!({})).await.expect_problem("not_found");
    let put = anyone.put(&location, json!({"title": "d"})).await.expect_status(201);
    assert_eq!(put.header("location"), Some(location.as_str()));
    assert_eq!(put.json()["id"], note["id"]);
}

#[tokio::test]
async fn bodies_that_are_not_a_record_are_refused() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    let anyone = app.anonymous();
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ("\"x\"", 422),
        ("5", 422),
        ("{\"title\": \"a\", \"title\": \"b\"}", 400),
        ("{\"title\": \"a\", \"\\u0074itle\": \"b\"}", 400),
        ("{}", 422),
        ("{\"title\": null}", 422),
        ("{\"title\": \"a\"} x", 400),
        ("\u{feff}{\"title\": \"a\"}", 400),
    ] {
        let request = anyone.request("POST", "/v1/records/notes").body("application/json", body);
        let answer = request.await;
        assert_eq!(answer.status, status, "{body}: {answer}");
        answer.problem();
    }
    let deep = format!("{{\"title\": {}1{}}}", "[".repeat(70), "]".repeat(70));
    anyone.request("POST", "/v1/records/notes").body("application/json", deep).await.expect_status(400);
    let latin = anyone
        .request("POST", "/v1/records/notes")
        .body("application/json", b"{\"title\": \"\xe9\"}".to_vec());
    latin.await.expect_status(400);
    anyone
        .request("POST", "/v1/records/notes")
        .body("text/plain", "{\"title\": \"a\"}")
        .await
        .expect_status(415);
    for charset in ["iso-8859-1", "\"UTF-16\"", "utf-8; charset=latin1"] {
        let media_type = format!("application/json; charset={charset}");
        for path in ["/v1/records/notes", "/v1/auth/login", "/v1/batch"] {
            let foreign = anyone.request("POST", path).body(&media_type, "{\"title\": \"a\"}").await;
            foreign.expect_status(415).expect_said("UTF-8").expect_problem("unsupported_media_type");
        }
    }
    assert_eq!(anyone.get(&records("notes", &[])).await.items().len(), 0);
    for charset in ["utf-8", "\"UTF-8\"", "us-ascii"] {
        let media_type = format!("Application/JSON; profile=x; Charset={charset}");
        anyone
            .request("POST", "/v1/records/notes")
            .body(&media_type, "{\"title\": \"a\"}")
            .await
            .expect_status(201);
    }
}

#[tokio::test]
async fn what_comes_by_itself_cannot_be_given() {
    let app = TestApp::start().await;
    let settings = Settings::open().hiding(&["owner"]);
    adopt(&app, "notes", NOTES, settings).await;
    adopt(
        &app,
        "ledger",
        "create table ledger (id int generated always as identity primary key, amount int not null, double int generated always as (amount * 2) stored)",
        Settings::open(),
    )
    .await;
    let anyone = app.anonymous();
    for body in [json!({"id": 5, "amount": 1}), json!({"double": 5, "amount": 1})] {
        let answer = anyone.post("/v1/records/ledger", body).await.expect_status(422);
        assert_eq!(answer.problem().errors[0].code, "read_only");
    }
    let made = anyone.post("/v1/records/ledger", json!({"amount": 2})).await.expect_status(201).json();
    assert_eq!(made["double"], 4);
    let path = format!("/v1/records/ledger/{}", made["id"]);
    for body in [json!({"id": 9}), json!({"double": 9})] {
        anyone.patch(&path, body).await.expect_status(422);
    }
    assert_eq!(anyone.put(&path, json!({"amount": 3})).await.expect_status(200).json()["double"], 6);
    // Nobody can choose the key of a row there.
    anyone.put("/v1/records/ledger/77", json!({"amount": 3})).await.expect_status(404);
    // A hidden field is one that does not exist.
    let owner = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let answer = anyone.post("/v1/records/notes", json!({"title": "a", "owner": owner})).await;
    assert_eq!(answer.expect_status(422).problem().errors[0].code, "unknown_field");
    let made = anyone.post("/v1/records/notes", json!({"title": "a"})).await.expect_status(201);
    made.clone().expect_unsaid(&["owner"]);
    let path = made.header("location").expect("a location").to_owned();
    app.sql(&format!("update notes set owner = '{owner}'")).await;
    anyone.patch(&path, json!({"owner": null})).await.expect_status(422);
    anyone.put(&path, json!({"title": "b"})).await.expect_status(200).expect_unsaid(&["owner"]);
    let kept = app.sql_value("select owner::text as owner from notes").await;
    assert_eq!(kept.as_deref(), Some(owner), "a replacement does not touch what its writer cannot see");
}

#[tokio::test]
async fn a_view_can_be_read_only() {
    let app = TestApp::start().await;
    adopt(
        &app,
        "shouts",
        "create table base (id int primary key, title text); insert into base values (1, 'a'), (2, 'b');
         create view shouts as select id, upper(title) as title from base;",
        Settings::open().keyed(&["id"]),
    )
    .await;
    let admin = app.admin().await;
    assert_eq!(admin.get("/v1/records/shouts/2").await.json()["title"], "B");
    assert_eq!(
        admin.get(&records("shouts", &[("sort", "-title"), ("limit", "1")])).await.items()[0]["id"],
        2
    );
    let answers = [
        admin.post("/v1/records/shouts", json!({"id": 3})).await,
        admin.patch("/v1/records/shouts/1", json!({"title": "x"})).await,
        admin.put("/v1/records/shouts/1", json!({"title": "x"})).await,
        admin.delete("/v1/records/shouts/1").await,
    ];
    for answer in answers {
        answer.expect_status(405).expect_problem("method_not_allowed");
    }
}

#[tokio::test]
async fn tables_with_odd_names_are_served_all_the_same() {
    let app = TestApp::start().await;
    let ddl = r#"
        create table "Odd ""Table; drop" (
            "Key, ""1""" text primary key, "select" int, "a.b" text, "ÄÖ" text default 'x"y', "$1" int, "-minus" int, "t0" int, "new" int, "items" int
        );
        insert into "Odd ""Table; drop" values ('k', 1, 'dot', 'ü', 5, 2, 3, 4, 6);"#;
    let settings = Settings::open()
        .rule("create", "@new.`select` > 0 and @new.new = null or true")
        .rule("update", "@new.`$1` = `$1`");
    adopt_table(&app, "odd", "Odd \"Table; drop", ddl, settings).await;
    let anyone = app.anonymous();
    let row = anyone.get("/v1/records/odd/k").await.expect_status(200).json();
    assert_eq!(
        row,
        json!({"Key, \"1\"": "k", "select": 1, "a.b": "dot", "ÄÖ": "ü", "$1": 5, "-minus": 2, "t0": 3, "new": 4, "items": 6})
    );
    let asked = [
        ("sort", "-ÄÖ,select"),
        ("fields", "a.b,$1"),
        ("filter", "`a.b` = 'dot' and `$1` = 5 and `Key, \"1\"` = 'k'"),
    ];
    assert_eq!(
        anyone.get(&records("odd", &asked)).await.expect_status(200).items(),
        [json!({"a.b": "dot", "$1": 5})]
    );
    let made =
        anyone.post("/v1/records/odd", json!({"Key, \"1\"": "l", "a.b": "x"})).await.expect_status(201);
    assert_eq!(made.json()["ÄÖ"], "x\"y");
    anyone.patch("/v1/records/odd/l", json!({"a.b": "y", "t0": 1})).await.expect_problem("not_found");
    anyone.patch("/v1/records/odd/k", json!({"a.b": "y", "t0": 1})).await.expect_status(200);
}

#[tokio::test]
async fn a_create_rule_sees_the_row_with_its_defaults() {
    let app = TestApp::start().await;
    adopt(
        &app,
        "notes",
        NOTES,
        Settings::open().rule("create", "hits = 0 and @new.body = 'empty' and size = 5"),
    )
    .await;
    let anyone = app.anonymous();
    anyone.post("/v1/records/notes", json!({"title": "a"})).await.expect_status(201);
    for body in [
        json!({"title": "a", "hits": 1}),
        json!({"title": "a", "body": null}),
        json!({"title": "a", "body": "x"}),
    ] {
        anyone.post("/v1/records/notes", body).await.expect_status(401).expect_problem("unauthenticated");
    }
    let ada = app.user("ada").await;
    ada.post("/v1/records/notes", json!({"title": "a", "hits": 1})).await.expect_problem("forbidden");
    assert_eq!(app.sql_value("select count(*) from notes").await.as_deref(), Some("1"));
    app.admin().await.post("/v1/records/notes", json!({"title": "a", "hits": 1})).await.expect_status(201);
}

#[tokio::test]
async fn an_update_rule_sees_the_row_before_and_after() {
    let app = TestApp::start().await;
    let ddl = "create table docs (id int primary key, title text, hits int default 7, plain json, address inet, spans int4range[],
            size int generated always as (length(title)) stored, local timestamp, tags text[]);
         insert into docs (id, title) values (1, 'abc')";
    adopt(&app, "docs", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let path = "/v1/records/docs/1";
    for (rule, passes, fails) in [
        ("title = 'abc' and @new.title != 'abc'", json!({"title": "x"}), json!({"hits": 1})),
        ("@new.hits = hits", json!({"title": "x", "hits": 7}), json!({"hits": 8})),
        ("@new.hits > 5", json!({"hits": 6}), json!({"hits": null})),
        ("@new.size = 2", json!({"title": "xy"}), json!({"title": "xyz"})),
        ("@new.size = size", json!({"title": "xyz"}), json!({"title": "xy"})),
        ("@new.plain.a.b = 1", json!({"plain": {"a": {"b": 1}}}), json!({"plain": {"a": 1}})),
        ("@new.plain = null or @new.plain.ok", json!({"title": "x"}), json!({"plain": {"ok": false}})),
        ("@new.address = '10.0.0.1/32'", json!({"address": "10.0.0.1"}), json!({"address": "10.0.0.2"})),
        ("@new.spans contains '[1,5)'", json!({"spans": ["[1,5)"]}), json!({"spans": ["[1,6)"]})),
        (
            "@new.local < '2026-01-01T00:00:00Z'",
            json!({"local": "2025-12-31T23:59:59Z"}),
            json!({"local": "2026-01-01T00:00:00+00:00"}),
        ),
        (
            "length(@new.tags) < 2 and @new.tags contains 'a'",
            json!({"tags": ["a"]}),
            json!({"tags": ["a", "b"]}),
        ),
        ("exists(docs, id = @new.hits)", json!({"hits": 1}), json!({"hits": 2})),
        (
            "exists(docs, id = $.id and title = @new.title)",
            json!({"title": "abc", "hits": 3}),
            json!({"title": "abd"}),
        ),
    ] {
        set_rule(&app, "docs", "update", Some(rule)).await;
        app.sql("update docs set title = 'abc', hits = 7, plain = null, address = null, spans = null, local = null, tags = null").await;
        let refused = anyone.patch(path, fails.clone()).await;
        assert_eq!(refused.status, 404, "{rule} {fails}: {refused}");
        let allowed = anyone.patch(path, passes.clone()).await;
        assert_eq!(allowed.status, 200, "{rule} {passes}: {allowed}");
    }
    // A replacement goes by what the defaults make of the row.
    set_rule(&app, "docs", "update", Some("@new.hits = 7 and @new.title = null")).await;
    anyone.put(path, json!({"hits": 8})).await.expect_status(404);
    anyone.put(path, json!({"title": "x"})).await.expect_status(404);
    anyone.put(path, json!({})).await.expect_status(200);
}

#[tokio::test]
async fn a_record_that_its_writer_may_not_view_is_not_shown() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open().reading("title = 'seen'")).await;
    let anyone = app.anonymous();
    let made = anyone.post("/v1/records/notes", json!({"title": "secret"})).await.expect_status(201);
    assert!(made.body.is_empty(), "{made}");
    let path = made.header("location").expect("a location").to_owned();
    anyone.get(&path).await.expect_problem("not_found");
    assert!(anyone.patch(&path, json!({"hits": 1})).await.expect_status(204).body.is_empty());
    anyone.patch(&path, json!({"title": "seen"})).await.expect_status(200).expect_said("seen");
    anyone.patch(&path, json!({"title": "gone"})).await.expect_status(204);
}

#[tokio::test]
async fn replacements_that_race_to_make_a_record_all_succeed() {
    let app = TestApp::start().await;
    adopt(&app, "notes", "create table notes (id int primary key, title text)", Settings::open()).await;
    let anyone = app.anonymous();
    for id in 0..15 {
        let path = format!("/v1/records/notes/{id}");
        let put = |title: &str| anyone.put(&path, json!({"title": title})).into_future();
        let (a, b, c, d) = tokio::join!(put("a"), put("b"), put("c"), put("d"));
        let mut statuses = [a.status, b.status, c.status, d.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 201]);
    }
}
