//! Batches of which an operation fails, or what they run on.

use annex_tests::TestApp;
use serde_json::json;

use super::*;

#[tokio::test]
async fn one_that_fails_undoes_all_and_is_named() {
    let app = library().await;
    let ada = app.user("ada").await;
    let made = app.rows("authors", [json!({"name": "taken"})]).await;
    let id = &made[0]["id"];
    let nobody = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let cases = [
        (author("taken"), 409, "not_unique", "/operations/1/body/name"),
        (
            json!({"method": "create", "collection": "authors", "body": {"name": "x", "born": "late"}}),
            422,
            "validation_failed",
            "/operations/1/body/born",
        ),
        (
            json!({"method": "create", "collection": "authors", "body": {"name": "x", "secret": "mine"}}),
            422,
            "validation_failed",
            "/operations/1/body/secret",
        ),
        (
            json!({"method": "create", "collection": "authors", "body": {"name": "x", "id": nobody}}),
            422,
            "validation_failed",
            "/operations/1/body/id",
        ),
        (
            json!({"method": "update", "collection": "authors", "id": nobody, "body": {"born": 1}}),
            404,
            "not_found",
            "/operations/1",
        ),
        (json!({"method": "delete", "collection": "authors", "id": "x"}), 404, "not_found", "/operations/1"),
        (json!({"method": "delete", "collection": "no_such", "id": "x"}), 404, "not_found", "/operations/1"),
        (
            json!({"method": "create", "collection": "posts", "body": {"title": "t", "owner": nobody}}),
            403,
            "forbidden",
            "/operations/1",
        ),
        (
            json!({"method": "update", "collection": "authors", "id": id, "if_match": "\"1\"", "body": {"born": 1}}),
            412,
            "precondition_failed",
            "/operations/1",
        ),
        (
            json!({"method": "replace", "collection": "authors", "id": id, "if_match": "\"1\"", "body": {"name": "y"}}),
            412,
            "precondition_failed",
            "/operations/1",
        ),
        (
            json!({"method": "delete", "collection": "authors", "id": nobody, "if_match": "*"}),
            404,
            "not_found",
            "/operations/1",
        ),
        (
            json!({"method": "create", "collection": "posts",
                   "body": {"title": "t", "owner": ada.id(), "author": nobody}}),
            422,
            "validation_failed",
            "/operations/1/body/author",
        ),
    ];
    for (operation, status, code, pointer) in cases {
        let answer = batch(&ada, json!([author("first"), operation, author("last")])).await;
        let answer = answer.expect_status(status);
        let problem = answer.expect_problem(code);
        assert!(problem.detail.starts_with("Operation 1, "), "{answer}");
        assert_eq!(problem.errors[0].pointer, pointer, "{answer}");
        assert_eq!(count(&app, "authors").await, "1", "{answer}");
    }
    batch(&ada, json!([author("first")])).await.expect_status(200);
}

#[tokio::test]
async fn the_first_that_fails_is_named_however_it_is_found() {
    let app = library().await;
    let ada = app.user("ada").await;
    let made = app.rows("authors", [json!({"name": "taken"})]).await;
    // What is known without Postgres: a rule that denies, a field that is not there, a collection that is not.
    let denied =
        json!({"method": "create", "collection": "posts", "body": {"title": "t", "owner": made[0]["id"]}});
    let nameless = json!({"method": "create", "collection": "authors", "body": {"nope": 1}});
    let foreign = json!({"method": "delete", "collection": "no_such", "id": "x"});
    let refers = json!({"method": "update", "collection": "authors", "id": {"$result": "0.id"}, "body": {"born": "late"}});
    for known in [denied, nameless, foreign, refers] {
        let answer = batch(&ada, json!([author("first"), author("taken"), known])).await;
        let problem = answer.expect_status(409).expect_problem("not_unique");
        assert_eq!(problem.errors[0].pointer, "/operations/1/body/name");
        let answer = batch(&ada, json!([author("first"), known, author("taken")])).await;
        assert!(answer.problem().detail.starts_with("Operation 1, "), "{answer}");
        assert_eq!(count(&app, "authors").await, "1", "{answer}");
    }
}

#[tokio::test]
async fn a_version_holds_within_a_batch_too() {
    let app = library().await;
    let made = app.rows("authors", [json!({"name": "a"})]).await;
    let path = format!("/v1/records/authors/{}", made[0]["id"].as_str().unwrap());
    let tag = app.anonymous().get(&path).await.header("etag").unwrap().to_owned();
    let update = json!({"method": "update", "collection": "authors", "id": made[0]["id"], "if_match": tag, "body": {"born": 1}});
    // The second one comes to a record that the first one has changed.
    let delete = json!({"method": "delete", "collection": "authors", "id": made[0]["id"]});
    let answer = batch(&app.anonymous(), json!([update, update, delete])).await.expect_status(412);
    assert_eq!(answer.problem().errors[0].pointer, "/operations/1");
    batch(&app.anonymous(), json!([update])).await.expect_status(200);
}

#[tokio::test]
async fn a_replace_of_a_record_that_must_not_be_changed_says_nothing_of_it() {
    let app = library().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let made = ada.post("/v1/records/posts", json!({"title": "t", "owner": ada.id()})).await.json();
    let replace = json!({"method": "replace", "collection": "posts", "id": made["id"], "body": {"title": "mine", "owner": bob.id()}});
    batch(&bob, json!([author("a"), replace])).await.expect_status(404);
    assert_eq!(count(&app, "authors").await, "0");
    assert_eq!(app.sql_value("select title from public.posts").await.as_deref(), Some("t"));
}

#[tokio::test]
async fn a_connection_that_breaks_off_leaves_nothing_half_done() {
    let app = library().await;
    // The batch waits here for a lock until its client has gone.
    let made = app.rows("authors", [json!({"name": "locked"})]).await;
    let mut connection = app.database.connect().await;
    run(&mut connection, "begin; select from public.authors for update").await;
    let body = json!({"operations": [
        author("first"),
        {"method": "update", "collection": "authors", "id": made[0]["id"], "body": {"born": 1}},
        author("last"),
    ]});
    let client =
        reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_millis(500)).build().unwrap();
    let url = format!("http://{}/v1/batch", app.address());
    client.post(url).json(&body).send().await.expect_err("the client has gone before there is an answer");
    run(&mut connection, "commit").await;
    let idle = "select count(*) from pg_stat_activity
                where datname = current_database() and application_name = 'annex records'
                    and state <> 'idle' and pid <> pg_backend_pid()";
    app.eventually("the transaction has ended", || async {
        app.sql_value(idle).await.as_deref() == Some("0")
    })
    .await;
    let born = app.sql_value("select born from public.authors where name = 'locked'").await;
    match count(&app, "authors").await.as_str() {
        "1" => assert_eq!(born, None),
        "3" => assert_eq!(born.as_deref(), Some("1")),
        count => panic!("{count} authors"),
    }
    // The place of its connection is there for the next.
    batch(&app.anonymous(), json!([author("next")])).await.expect_status(200);
}

#[tokio::test]
async fn a_postgres_that_goes_away_leaves_nothing_half_done() {
    let app = library().await;
    let made = app.rows("authors", [json!({"name": "locked"})]).await;
    let mut connection = app.database.connect().await;
    run(&mut connection, "begin; select from public.authors for update").await;
    let client = app.anonymous();
    let update =
        json!({"method": "update", "collection": "authors", "id": made[0]["id"], "body": {"born": 1}});
    let waiting = batch(&client, json!([author("first"), update, author("last")]));
    let ending = async {
        one_waits(&app).await;
        app.sql(&format!("select pg_terminate_backend(pid) {WAITING}")).await;
    };
    let (answer, ()) = tokio::join!(waiting, ending);
    answer.expect_status(503).expect_problem("database_unavailable");
    run(&mut connection, "commit").await;
    assert_eq!(count(&app, "authors").await, "1");
    app.eventually("another connection is made", || async {
        batch(
            &client,
            json!([{"method": "update", "collection": "authors", "id": made[0]["id"], "body": {"born": 2}}]),
        )
        .await
        .status
            == 200
    })
    .await;
}

#[tokio::test]
async fn a_changed_schema_is_read_again() {
    let app = library().await;
    batch(&app.anonymous(), json!([author("a")])).await.expect_status(200);
    app.sql("alter table public.authors rename column born to year").await;
    let answer = batch(&app.anonymous(), json!([author("b"), author("c")])).await.expect_status(200);
    assert!(answer.json()["results"][1]["record"].get("year").is_some(), "{answer}");
    assert_eq!(count(&app, "authors").await, "3");
}

#[tokio::test]
async fn a_replacement_that_loses_a_race_for_its_key_replaces_what_won() {
    let app = TestApp::start().await;
    let ddl = "create table notes (id int primary key, title text, open bool)";
    adopt(&app, "notes", ddl, Settings::open().rule("update", "open")).await;
    let anyone = app.anonymous();
    for (id, open) in [(1, true), (2, false)] {
        let mut other = app.database.connect().await;
        run(&mut other, &format!("begin; insert into notes values ({id}, 'theirs', {open})")).await;
        let operations = json!({"operations": [
            {"method": "create", "collection": "notes", "body": {"id": id + 10, "title": "first"}},
            {"method": "replace", "collection": "notes", "id": id, "body": {"title": "ours", "open": true}},
        ]});
        let (answer, ()) = tokio::join!(async { anyone.post("/v1/batch", operations).await }, async {
            one_waits(&app).await;
            run(&mut other, "commit").await;
        });
        if open {
            let results = answer.expect_status(200).json();
            assert_eq!(results["results"][0]["status"], 201);
            assert_eq!(results["results"][1]["status"], 200);
        } else {
            // It is there, but not to be replaced: the same as of one that was there before.
            let problem = answer.expect_status(404).expect_problem("not_found");
            assert_eq!(problem.errors[0].pointer, "/operations/1");
        }
    }
    let left = app.sql_value("select string_agg(id || title, ',' order by id) from notes").await;
    assert_eq!(left.as_deref(), Some("1ours,2theirs,11first"));
}
