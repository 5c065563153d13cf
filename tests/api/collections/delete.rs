//! `DELETE /v1/collections/{name}`

use annex_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_collection_goes_with_its_table_and_its_types() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spec = json!({"name": "posts", "fields": [
        {"name": "status", "type": "enum", "values": ["a"]},
        {"name": "parent", "type": "relation", "collection": "posts"}
    ]});
    app.collection(spec.clone()).await;
    app.sql("insert into public.posts default values").await;
    let plan = admin.delete("/v1/collections/posts?dry_run=true").await.expect_status(200).json();
    assert!(plan["steps"][0]["loses"].as_str().unwrap().contains("1 row"), "{plan}");
    admin.get("/v1/collections/posts").await.expect_status(200);
    admin.delete("/v1/collections/posts").await.expect_status(204);
    admin.get("/v1/collections/posts").await.expect_status(404);
    admin.delete("/v1/collections/posts").await.expect_status(404);
    assert_eq!(app.sql_value("select to_regclass('public.posts')::text").await, None);
    app.collection(spec).await;
}

#[tokio::test]
async fn what_others_point_at_stays_unless_they_let_go() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "posts", "fields": []})).await;
    app.collection(json!({
        "name": "comments",
        "fields": [{"name": "post", "type": "relation", "collection": "posts", "required": true}]
    }))
    .await;
    let problem =
        admin.delete("/v1/collections/posts").await.expect_status(409).expect_problem("still_referenced");
    assert!(problem.detail.contains("`comments.post`"), "{problem:?}");
    app.sql("create view public.titles as select id from public.posts").await;
    let problem = admin
        .delete("/v1/collections/posts?cascade=true")
        .await
        .expect_status(409)
        .expect_problem("conflict");
    assert!(problem.detail.contains("titles"), "{problem:?}");
    app.sql("drop view public.titles").await;
    admin.delete("/v1/collections/posts?cascade=true").await.expect_status(204);
    let comments = admin.get("/v1/collections/comments").await.json();
    let post = &comments["fields"][1];
    assert_eq!((&post["type"], &post["required"]), (&json!("uuid"), &json!(true)));
}

#[tokio::test]
async fn an_adopted_table_is_only_forgotten() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.sql("create table public.mine (id int primary key); create materialized view public.seen as select * from public.mine")
        .await;
    for (table, key) in [("mine", json!(null)), ("seen", json!(["id"]))] {
        let adopt = json!({"table": table, "primary_key": key});
        admin.post("/v1/collections/adopt", adopt.clone()).await.expect_status(201);
        admin.delete(&format!("/v1/collections/{table}")).await.expect_status(204);
        assert!(app.sql_value(&format!("select to_regclass('public.{table}')::text")).await.is_some());
        admin.post("/v1/collections/adopt", adopt).await.expect_status(201);
    }
    for table in ["seen", "mine"] {
        admin.delete(&format!("/v1/collections/{table}?drop=true")).await.expect_status(204);
        assert_eq!(app.sql_value(&format!("select to_regclass('public.{table}')::text")).await, None);
    }
}
