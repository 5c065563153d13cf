//! What happens to the server itself is told.

use serde_json::json;

use super::{settled, start, wait_for, webhook};

#[tokio::test]
async fn accounts_that_come_and_go_and_jobs_that_fail_are_told() {
    let (app, receiver) = start().await;
    let admin = app.admin().await;
    webhook(&app, "all", json!({"events": ["user.registered", "user.deleted", "job.failed"]})).await;
    let ada = app.user("ada").await.get("/v1/auth/me").await.json();
    // Who is refused has not registered.
    let again = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    app.anonymous().post("/v1/auth/register", again).await.expect_problem("email_taken");
    wait_for(&app, &receiver, "all", 1).await;
    admin.delete(&format!("/v1/users/{}", ada["id"].as_str().unwrap())).await.expect_status(204);
    wait_for(&app, &receiver, "all", 2).await;
    let job = json!({"kind": "sql.function", "args": {"function": "public.nothing"}, "tags": ["nightly"]});
    let job = admin.post("/v1/jobs", job).await.expect_status(201).json();
    wait_for(&app, &receiver, "all", 3).await;
    settled(&app).await;
    let events: Vec<_> = receiver.messages().into_iter().map(|message| message.event).collect();
    for (event, type_) in events.iter().zip(["user.registered", "user.deleted"]) {
        assert_eq!(event["type"], type_);
        assert_eq!(event["data"], json!({"id": ada["id"], "email": "ada@example.com"}));
    }
    let failed = &events[2]["data"];
    assert_eq!(
        (&failed["id"], &failed["kind"], &failed["tags"]),
        (&job["id"], &json!("sql.function"), &json!(["nightly"]))
    );
    assert_eq!(failed["error"]["code"], "invalid_arguments");
    assert_eq!(events.len(), 3);
}
