//! `POST /v1/batch`

mod failures;

use annex_tests::{Answer, Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::{Settings, WAITING, adopt, one_waits, run};

/// Authors, whom anybody may make, and their posts, which are their owners' own.
async fn library() -> TestApp {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "authors",
        "fields": [
            {"name": "name", "type": "text", "required": true, "unique": true},
            {"name": "born", "type": "int"},
            {"name": "secret", "type": "text", "hidden": true, "default": "unsaid"}
        ],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    app.collection(json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text", "required": true},
            {"name": "owner", "type": "uuid"},
            {"name": "author", "type": "relation", "collection": "authors"}
        ],
        "rules": {
            "list": "", "view": "owner = @user.id", "create": "owner = @user.id",
            "update": "owner = @user.id", "delete": "owner = @user.id"
        }
    }))
    .await;
    app
}

async fn batch(client: &Client, operations: Value) -> Answer {
    client.post("/v1/batch", json!({"operations": operations})).await
}

async fn count(app: &TestApp, table: &str) -> String {
    app.sql_value(&format!("select count(*) from public.{table}")).await.unwrap_or_default()
}

fn author(name: &str) -> Value {
    json!({"method": "create", "collection": "authors", "body": {"name": name}})
}

#[tokio::test]
async fn each_result_stands_at_its_index_as_the_verb_alone_would_answer() {
    let app = library().await;
    let ada = app.user("ada").await;
    let made = app.rows("authors", [json!({"name": "old"}), json!({"name": "gone"})]).await;
    let new = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let answer = batch(
        &ada,
        json!([
            {"method": "create", "collection": "authors", "body": {"name": "one", "born": 1815}},
            {"method": "update", "collection": "authors", "id": made[0]["id"], "body": {"born": 1900}},
            {"method": "replace", "collection": "authors", "id": made[0]["id"], "body": {"name": "replaced"}},
            {"method": "replace", "collection": "authors", "id": new, "body": {"name": "upserted"}},
            {"method": "delete", "collection": "authors", "id": made[1]["id"]},
            {"method": "create", "collection": "posts", "body": {"title": "t", "owner": ada.id()}},
        ]),
    )
    .await
    .expect_status(200)
    .expect_unsaid(&["unsaid", "secret"]);
    let results = answer.json()["results"].as_array().unwrap().clone();
    let statuses: Vec<u64> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 200, 201, 204, 201]);
    assert_eq!(results[1]["record"]["born"], 1900);
    assert_eq!(results[2]["record"]["born"], Value::Null);
    assert_eq!(results[3]["id"], new);
    assert_eq!(results[4], json!({"status": 204, "id": made[1]["id"]}));
    for result in results.iter().filter(|result| result["status"] != 204) {
        let collection = if result["record"].get("title").is_some() { "posts" } else { "authors" };
        let path = format!("/v1/records/{collection}/{}", result["id"].as_str().unwrap());
        let read = ada.get(&path).await.expect_status(200);
        assert_eq!(read.header("etag"), result["etag"].as_str());
        if result != &results[1] {
            assert_eq!(read.json(), result["record"]);
        }
    }
}

#[tokio::test]
async fn minimal_results_have_no_record() {
    let app = library().await;
    let operations = json!({"operations": [author("a")]});
    let answer = app.anonymous().post("/v1/batch", operations).header("prefer", "return=minimal").await;
    let answer = answer.expect_status(200).expect_header("preference-applied", "return=minimal");
    let result = &answer.json()["results"][0];
    assert_eq!(result["status"], 201);
    assert!(result["id"].is_string() && result.get("record").is_none(), "{answer}");
}

#[tokio::test]
async fn later_operations_use_earlier_results() {
    let app = library().await;
    let ada = app.user("ada").await;
    let answer = batch(
        &ada,
        json!([
            author("known before it is made"),
            {"method": "create", "collection": "posts",
             "body": {"title": {"$result": "0.name"}, "owner": ada.id(), "author": {"$result": "0.id"}}},
            {"method": "update", "collection": "posts", "id": {"$result": "1.id"},
             "body": {"title": {"$result": "0.created_at"}}},
            {"method": "delete", "collection": "posts", "id": {"$result": "2.id"}},
        ]),
    )
    .await
    .expect_status(200);
    let results = &answer.json()["results"];
    assert_eq!(results[1]["record"]["author"], results[0]["id"]);
    assert_eq!(results[1]["record"]["title"], "known before it is made");
    assert_eq!(results[2]["record"]["title"], results[0]["record"]["created_at"]);
    assert_eq!(results[3]["id"], results[1]["id"]);
    assert_eq!(count(&app, "posts").await, "0");
}

#[tokio::test]
async fn a_reference_reaches_nothing_that_the_caller_may_not_read() {
    let app = library().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for (field, told) in [("secret", "no field"), ("nothing", "no field")] {
        let answer = batch(
            &ada,
            json!([
                author("a"),
                {"method": "create", "collection": "authors", "body": {"name": {"$result": format!("0.{field}")}}},
            ]),
        )
        .await
        .expect_status(422)
        .expect_said(told)
        .expect_unsaid(&["unsaid"]);
        assert_eq!(answer.problem().errors[0].pointer, "/operations/1/body/name");
    }
    // The record goes to somebody else: its owner alone may view it.
    app.sql("update annex.collections set update_rule = 'owner = @user.id' where name = 'posts'").await;
    let answer = batch(
        &ada,
        json!([
            {"method": "create", "collection": "posts", "body": {"title": "t", "owner": ada.id()}},
            {"method": "update", "collection": "posts", "id": {"$result": "0.id"}, "body": {"owner": bob.id()}},
            {"method": "create", "collection": "authors", "body": {"name": {"$result": "1.title"}}},
        ]),
    )
    .await
    .expect_status(422);
    answer.expect_said("cannot be viewed");
    assert_eq!(count(&app, "posts").await, "0");
}

#[tokio::test]
async fn a_thousand_operations_and_not_one_more() {
    let app = library().await;
    let operations = |count: usize| Value::from_iter((0..count).map(|n| author(&format!("author {n}"))));
    let answer = batch(&app.anonymous(), operations(1000)).await.expect_status(200);
    let results = answer.json()["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), 1000);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result["record"]["name"], format!("author {n}"));
    }
    for count in [0, 1001] {
        let answer = batch(&app.anonymous(), operations(count)).await.expect_status(422);
        assert_eq!(answer.problem().errors[0].pointer, "/operations");
    }
    assert_eq!(count(&app, "authors").await, "1000");
}

#[tokio::test]
async fn many_shapes_of_statements_at_once() {
    let app = library().await;
    let ada = app.user("ada").await;
    let shapes = (0..300).map(|n| match n % 3 {
        0 => author(&format!("author {n}")),
        1 => json!({"method": "create", "collection": "authors", "body": {"name": format!("author {n}"), "born": n}}),
        _ => json!({"method": "create", "collection": "posts", "body": {"title": "t", "owner": ada.id()}}),
    });
    batch(&ada, Value::from_iter(shapes)).await.expect_status(200);
    assert_eq!(count(&app, "authors").await, "200");
}

#[tokio::test]
async fn batches_at_the_same_time_do_not_mix() {
    let app = library().await;
    let client = app.anonymous();
    let batches = (0..20).map(|n| {
        let client = client.clone();
        async move {
            // Every second one fails at its end.
            let last = if n % 2 == 0 { author(&format!("{n} 0")) } else { author(&format!("{n} last")) };
            let mut operations: Vec<Value> = (0..50).map(|at| author(&format!("{n} {at}"))).collect();
            operations.push(last);
            batch(&client, Value::from(operations)).await.status
        }
    });
    let statuses = join_all(batches).await;
    assert!(statuses.iter().all(|status| [200, 409, 503].contains(status)), "{statuses:?}");
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert!(done > 0, "{statuses:?}");
    assert_eq!(count(&app, "authors").await, (51 * done).to_string());
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let app = TestApp::start().await;
    let fields = json!([{"name": "exact", "type": "numeric"}, {"name": "free", "type": "json"}]);
    app.collection(json!({"name": "numbers", "fields": fields, "rules": {"create": "", "view": ""}})).await;
    let body = r#"{"operations": [{"method": "create", "collection": "numbers",
        "body": {"exact": 12345678901234567890.1234567890, "free": {"a": 1.10}}}]}"#;
    let answer = app.anonymous().request("POST", "/v1/batch").body("application/json", body).await;
    answer.expect_status(200).expect_said("12345678901234567890.1234567890").expect_said("1.10");
}

#[tokio::test]
async fn what_a_batch_refers_to_and_returns_is_bounded() {
    let app = TestApp::builder().set("ANNEX_MAX_BODY", "64KiB").start().await;
    app.collection(json!({
        "name": "notes",
        "fields": [{"name": "text", "type": "text"}, {"name": "n", "type": "int"}],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    let ada = app.user("ada").await;
    let large = "x".repeat(40 << 10);
    let first = json!({"method": "create", "collection": "notes", "body": {"text": large}});
    let made = batch(&ada, json!([first])).await.expect_status(200).json()["results"][0]["id"].clone();
    let copy = json!({"method": "create", "collection": "notes", "body": {"text": {"$result": "0.text"}}});
    let touch = json!({"method": "update", "collection": "notes", "id": made, "body": {"n": 1}});
    let copies: Vec<Value> = [first.clone()].into_iter().chain(vec![copy.clone(); 8]).collect();
    for (operations, named) in [(json!(copies), "/operations/6"), (json!(vec![touch; 8]), "/operations/6")] {
        let refused = batch(&ada, operations).await.expect_status(413);
        let problem = refused.expect_problem("payload_too_large");
        assert_eq!(problem.errors[0].pointer, named, "{refused}");
    }
    assert_eq!(count(&app, "notes").await, "1", "nothing of them was done");
    batch(&ada, json!([first, copy, copy])).await.expect_status(200);
}
