//! Jobs that are followed over the socket.

use annex_tests::{Client, Socket, TestApp};
use serde_json::{Value, json};

async fn enqueue(app: &TestApp) -> String {
    let job = app.admin().await.post("/v1/jobs", json!({"kind": "a"})).await.expect_status(201).json();
    job["id"].as_str().unwrap().to_owned()
}

/// Says something under the lease of a job that was claimed.
async fn say(admin: &Client, job: &Value, what: &str, mut body: Value) {
    body["lease_token"] = job["lease_token"].clone();
    let path = format!("/v1/jobs/{}/{what}", job["id"].as_str().unwrap());
    let answer = admin.post(&path, body).await;
    assert!(answer.status < 300, "{answer}");
}

#[tokio::test]
async fn who_follows_a_job_is_told_of_it_until_it_ends() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = enqueue(&app).await;
    let mut socket = Socket::connect(&app, &admin).await;
    socket.send(json!({"op": "follow", "id": "j", "job": id})).await;
    let told = socket.next().await;
    assert_eq!(
        (&told["op"], &told["id"], &told["event"]["type"]),
        (&json!("job"), &json!("j"), &json!("state"))
    );
    assert_eq!((&told["event"]["job"]["id"], &told["event"]["job"]["state"]), (&json!(id), &json!("ready")));
    let claimed = admin.post("/v1/queues/default/claim", json!({"max": 1})).await.expect_status(200).json();
    let job = &claimed["jobs"][0];
    assert_eq!(socket.next().await["event"]["job"]["state"], "running");
    let lines = json!([{"level": "info", "message": "half of it"}]);
    say(&admin, job, "progress", json!({"progress": 0.5, "message": "half", "log": lines})).await;
    let mut told = [socket.next().await["event"].clone(), socket.next().await["event"].clone()];
    told.sort_by_key(|event| event["type"].to_string());
    assert_eq!((&told[0]["type"], &told[0]["line"]["message"]), (&json!("log"), &json!("half of it")));
    assert_eq!((&told[1]["type"], &told[1]["progress"]), (&json!("progress"), &json!(0.5)));
    say(&admin, job, "complete", json!({"result": 7})).await;
    let told = socket.next().await;
    assert_eq!(
        (&told["event"]["job"]["state"], &told["event"]["job"]["result"]),
        (&json!("succeeded"), &json!(7))
    );
    assert_eq!(socket.next().await, json!({"op": "unsubscribed", "id": "j"}));
    // Who asks for one that has ended is told all of it.
    socket.send(json!({"op": "follow", "id": "j", "job": id})).await;
    assert_eq!(socket.next().await["event"]["job"]["state"], "succeeded");
    assert_eq!(socket.next().await["event"]["line"]["message"], "half of it");
    assert_eq!(socket.next().await, json!({"op": "unsubscribed", "id": "j"}));
}

#[tokio::test]
async fn a_job_is_followed_by_whom_it_concerns() {
    let app = TestApp::start().await;
    let id = enqueue(&app).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    for (caller, job, code) in [
        (&app.anonymous(), id.as_str(), "unauthenticated"),
        (&ada, id.as_str(), "not_found"),
        (&admin, "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "not_found"),
    ] {
        let mut socket = Socket::connect(&app, caller).await;
        socket.send(json!({"op": "follow", "id": "j", "job": job})).await;
        let refused = socket.next().await;
        assert_eq!((&refused["code"], &refused["id"]), (&json!(code), &json!("j")));
    }
    let mut socket = Socket::connect(&app, &admin).await;
    socket.send(json!({"op": "follow", "id": "j", "job": id})).await;
    socket.next().await;
    socket.send(json!({"op": "unsubscribe", "id": "j"})).await;
    assert_eq!(socket.next().await, json!({"op": "unsubscribed", "id": "j"}));
    admin.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await.expect_status(200);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    socket.silence().await;
    // Somebody else, and no admin any more.
    socket.send(json!({"op": "follow", "id": "j", "job": enqueue(&app).await})).await;
    socket.next().await;
    socket.send(json!({"op": "auth", "token": ada.token.clone().unwrap()})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "j", "reason": "access_changed"}));
    assert_eq!(socket.next().await["op"], "authenticated");
    let mut socket = Socket::connect(&app, &admin).await;
    socket.send(json!({"op": "follow", "id": "j", "job": enqueue(&app).await})).await;
    socket.next().await;
    app.sql("update annex.users set roles = '{}' where email = 'admin@example.com'").await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "j", "reason": "access_changed"}));
}
