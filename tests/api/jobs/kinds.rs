//! `/v1/job-kinds`

use annex_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn kinds_are_described_changed_and_forgotten() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = admin
        .put("/v1/job-kinds/image.resize", json!({"description": "Resizes"}))
        .await
        .expect_status(201)
        .json();
    let expected = json!({
        "name": "image.resize", "description": "Resizes", "schema": null, "remote": true, "queue": "default", "priority": 0,
        "max_attempts": 20, "backoff": null, "timeout_seconds": null, "updated_at": made["updated_at"],
    });
    assert_eq!(made, expected);
    let replaced =
        admin.put("/v1/job-kinds/image.resize", json!({"queue": "images"})).await.expect_status(200).json();
    assert_eq!((&replaced["queue"], &replaced["description"]), (&json!("images"), &json!(null)));
    assert_eq!(admin.get("/v1/job-kinds/image.resize").await.expect_status(200).json(), replaced);
    assert!(admin.get("/v1/job-kinds").await.expect_status(200).items().contains(&replaced));
    for (wrong, pointer) in [
        (json!({"schema": {"type": "text"}}), "/schema"),
        (json!({"schema": {"$ref": "http://127.0.0.1:1/schema.json"}}), "/schema"),
        (json!({"schema": {"properties": {"a": {"pattern": "("}}}}), "/schema"),
        (json!({"backoff": [-1]}), "/backoff"),
        (json!({"max_attempts": 0}), "/max_attempts"),
        (json!({"queue": "No"}), "/queue"),
    ] {
        let problem =
            admin.put("/v1/job-kinds/image.resize", wrong).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    admin.delete("/v1/job-kinds/image.resize").await.expect_status(204);
    admin.get("/v1/job-kinds/image.resize").await.expect_problem("not_found");
    admin.delete("/v1/job-kinds/image.resize").await.expect_problem("not_found");
    admin.put("/v1/job-kinds/Image", json!({})).await.expect_problem("not_found");
}

#[tokio::test]
async fn kinds_of_the_servers_program_are_as_the_program_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.sql("insert into annex.job_kinds (name, runner) values ('of.program', 'of.program')").await;
    admin.put("/v1/job-kinds/of.program", json!({"queue": "other"})).await.expect_problem("conflict");
    admin.delete("/v1/job-kinds/of.program").await.expect_problem("conflict");
    let kind = admin.get("/v1/job-kinds/of.program").await.expect_status(200).json();
    assert_eq!((&kind["remote"], &kind["queue"]), (&json!(false), &json!("default")));
    admin.post("/v1/jobs", json!({"kind": "of.program"})).await.expect_status(201);
    assert!(super::claim(&admin, "default", 5).await.is_empty(), "servers alone run it");
}

#[tokio::test]
async fn a_schema_that_takes_for_ever_holds_no_other_kind_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let many = serde_json::Value::from_iter((0..30_000).map(|n| json!([n])));
    let schema =
        json!({"properties": {"a": {"uniqueItems": true}, "b": {"$ref": "#/$defs/0"}}, "$defs": doubled(60)});
    admin.put("/v1/job-kinds/slow", json!({"schema": schema})).await.expect_status(201);
    admin.put("/v1/job-kinds/quick", json!({"schema": {"required": ["a"]}})).await.expect_status(201);
    for args in [json!({"b": 1}), json!({"a": many})] {
        admin.post("/v1/jobs", json!({"kind": "slow", "args": args})).await.expect_problem("overloaded");
    }
    admin.post("/v1/jobs", json!({"kind": "quick", "args": {"a": 1}})).await.expect_status(201);
    let problem = admin.post("/v1/jobs", json!({"kind": "quick"})).await.expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/args");
}

/// Definitions, each of which asks for the next one twice.
fn doubled(depth: usize) -> serde_json::Value {
    let mut definitions = serde_json::Map::new();
    for place in 0..depth {
        let next = json!({"$ref": format!("#/$defs/{}", place + 1)});
        definitions.insert(place.to_string(), json!({"anyOf": [next, next]}));
    }
    definitions.insert(depth.to_string(), json!({"type": "string"}));
    definitions.into()
}
