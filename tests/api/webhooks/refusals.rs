//! Where nothing is sent.

use serde_json::json;

use super::{path, start_with, webhook};

#[tokio::test]
async fn a_host_of_the_own_network_is_not_called() {
    let (app, receiver) = start_with(|builder| builder.set("ANNEX_OUTBOUND_ALLOW", "")).await;
    let made = webhook(&app, "all", json!({"events": ["user.registered"]})).await;
    let admin = app.admin().await;
    let delivery = admin.post(&format!("{}/test", path(&made)), json!({})).await.expect_status(201).json();
    let one = format!("{}/deliveries/{}", path(&made), delivery["id"].as_str().unwrap());
    app.eventually("it was tried", || async { admin.get(&one).await.json()["delivery"]["attempts"] == 1 })
        .await;
    let detail = admin.get(&one).await.json();
    assert_eq!(detail["delivery"]["state"], "failed", "a trial is made once");
    assert_eq!(detail["attempts"][0]["error"]["code"], "host_refused");
    assert!(receiver.messages().is_empty());
    assert!(admin.get(&path(&made)).await.json()["failing_since"].is_string());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (app, receiver) = start_with(|builder| builder).await;
    let made = webhook(&app, "all", json!({"events": ["user.registered"]})).await;
    receiver.answer_with([302]);
    let admin = app.admin().await;
    let delivery = admin.post(&format!("{}/test", path(&made)), json!({})).await.expect_status(201).json();
    let one = format!("{}/deliveries/{}", path(&made), delivery["id"].as_str().unwrap());
    app.eventually("it was tried", || async {
        admin.get(&one).await.json()["delivery"]["state"] == "failed"
    })
    .await;
    assert_eq!(
        admin.get(&one).await.json()["attempts"][0]["response"]["status"],
        302,
        "a redirect is a failure"
    );
    assert_eq!(receiver.messages().len(), 1);
}
