//! One caller's slow requests leave room for those of others.

use annex_tests::{Client, TestApp};
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::json;
use sqlx::Executor;
use tokio::sync::mpsc;

use super::support::one_waits;

/// Two collections, open to everybody.
async fn start() -> TestApp {
    // One worker, with two connections for lists and two for imports and exports.
    let app = TestApp::start().await;
    for name in ["slow", "quick"] {
        let rules = json!({"list": "", "view": "", "create": ""});
        let fields = json!([{"name": "text", "type": "text"}]);
        app.collection(json!({"name": name, "fields": fields, "rules": rules})).await;
    }
    app
}

#[tokio::test]
async fn slow_lists_of_one_caller_leave_room_for_others() {
    let app = start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let mut other = app.database.connect().await;
    other.execute("begin; lock table slow in access exclusive mode").await.expect("it can be locked");
    let slow = async || join_all((0..6).map(|_| async { ada.get("/v1/records/slow").await })).await;
    let meanwhile = async {
        one_waits(&app).await;
        for client in [&bob, &app.anonymous()] {
            client.get("/v1/records/quick").await.expect_status(200);
        }
        // Others' reads by key do not even share what lists run on; the caller's own go on too.
        ada.get("/v1/auth/me").await.expect_status(200);
        tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
        other.execute("commit").await.expect("it can be unlocked");
    };
    let (answers, ()) = tokio::join!(slow(), meanwhile);
    let (served, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((served.len(), refused.len()), (1, 5));
    for answer in refused {
        answer.expect_problem("too_many_requests");
        answer
            .expect_header("ratelimit-policy", "\"lists\";q=1;qu=\"concurrent-requests\"")
            .expect_header("ratelimit", "\"lists\";r=0;t=1")
            .expect_header("retry-after", "1");
    }
    for _ in 0..10 {
        ada.get("/v1/records/slow").await.expect_status(200);
    }
}

#[tokio::test]
async fn many_lists_of_one_caller_are_all_served() {
    let app = start().await;
    let ada = app.user("ada").await;
    let answers = join_all((0..60).map(|_| async { ada.get("/v1/records/quick").await.status })).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
}

#[tokio::test]
async fn slow_imports_of_one_caller_leave_room_for_others() {
    let app = start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (first, one) = begin_import(&ada);
    let one = tokio::spawn(one);
    app.eventually("the first import is under way", async || {
        let copied =
            "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'copy %'";
        app.sql_value(copied).await.as_deref() != Some("0")
    })
    .await;
    let (second, another) = begin_import(&ada);
    another.await.expect_problem("too_many_requests");
    drop(second);
    bob.post("/v1/records/quick/export", json!({"format": "csv"})).await.expect_status(200);
    drop(first);
    one.await.expect("it is answered").expect_status(200);
    bob.get("/v1/records/slow?limit=1").await.expect_status(200);
}

/// An import of which more than a part has been sent; it ends when the sender goes.
fn begin_import(client: &Client) -> (mpsc::Sender<Bytes>, impl Future<Output = annex_tests::Answer> + use<>) {
    let (sender, receiver) = mpsc::channel::<Bytes>(8);
    let rows = format!("{{\"text\": \"{}\"}}\n", "a".repeat(1000)).repeat(1500);
    sender.try_send(Bytes::from(rows)).expect("there is room");
    let body = stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(piece), receiver))
    });
    let request = client
        .request("POST", "/v1/records/slow/import")
        .body("application/x-ndjson", reqwest::Body::wrap_stream(body));
    (sender, request.into_future())
}
