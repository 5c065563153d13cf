//! What comes of deliveries: in order, again, given up, replayed.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{admin_again, path, rows, settled, start, things, wait_for, webhook};

#[tokio::test]
async fn a_record_is_told_in_order_whatever_fails() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "all", rows(json!({}))).await;
    // One in three fails, each in another way.
    receiver.answer_with((0..24).map(|n| [204, 500, 200, 404, 202, 204][n % 6]));
    app.sql("insert into public.things (n, name) select 0, g::text from generate_series(1, 6) g").await;
    for _ in 0..3 {
        app.sql("update public.things set n = n + 1").await;
    }
    wait_for(&app, &receiver, "all", 24).await;
    settled(&app).await;
    let mut told: HashMap<String, Vec<i64>> = HashMap::new();
    let mut ids: HashMap<String, Vec<String>> = HashMap::new();
    for message in receiver.messages() {
        let record = &message.event["data"]["record"];
        let name = record["name"].as_str().unwrap().to_owned();
        ids.entry(format!("{name} {}", record["n"])).or_default().push(message.signed[0].clone());
        if message.status < 300 {
            told.entry(name).or_default().push(record["n"].as_i64().unwrap());
        }
    }
    for (name, numbers) in &told {
        assert_eq!(numbers, &[0, 1, 2, 3], "{name}");
    }
    assert_eq!(told.len(), 6);
    assert!(ids.values().any(|ids| ids.len() > 1), "something failed");
    for ids in ids.values() {
        assert!(ids.iter().all(|id| id == &ids[0]), "each attempt has the same id: {ids:?}");
    }
}

#[tokio::test]
async fn an_attempt_is_kept_with_what_was_sent_and_answered() {
    let (app, receiver) = start().await;
    things(&app).await;
    let made = webhook(&app, "all", rows(json!({}))).await;
    receiver.answer_with([503]);
    app.sql("insert into public.things (n) values (1)").await;
    wait_for(&app, &receiver, "all", 1).await;
    settled(&app).await;
    let admin = app.admin().await;
    let list = admin.get(&format!("{}/deliveries", path(&made))).await.items();
    let [delivery] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!(
        (&delivery["state"], &delivery["attempts"], &delivery["last_status"], &delivery["type"]),
        (&json!("delivered"), &json!(2), &json!(204), &json!("record.created"))
    );
    assert!(delivery["subject"].as_str().unwrap().starts_with("things/"));
    let one = format!("{}/deliveries/{}", path(&made), delivery["id"].as_str().unwrap());
    let detail = admin.get(&one).await.expect_status(200).json();
    assert_eq!(&detail["delivery"], delivery);
    let messages = receiver.messages();
    assert_eq!(detail["body"].as_str().unwrap().as_bytes(), &messages[0].bytes[..]);
    let first = &detail["attempts"][0];
    assert_eq!(
        (
            &first["attempt"],
            &first["response"]["status"],
            &first["response"]["body"],
            &first["response"]["headers"]["x-why"]
        ),
        (&json!(1), &json!(503), &json!("not today"), &json!("it is a test"))
    );
    assert_eq!((&first["error"], &first["response"]["truncated"]), (&Value::Null, &json!(false)));
    assert_eq!(first["request_headers"]["webhook-signature"], messages[0].signed[2]);
    assert_eq!(first["request_headers"]["webhook-id"], delivery["id"]);
    assert_eq!(detail["attempts"][1]["response"]["status"], 204);
    let after = admin.get(&path(&made)).await.json();
    assert_eq!(after["failing_since"], Value::Null);
    assert!(after["last_delivered_at"].is_string());

    let filtered =
        async |query: &str| admin.get(&format!("{}/deliveries?{query}", path(&made))).await.items().len();
    assert_eq!(filtered("state=delivered&type=record.created&subject=things/").await, 1);
    assert_eq!(filtered("state=failed").await, 0);
    assert_eq!(filtered("since=2020-01-01T00:00:00Z&until=2021-01-01T00:00:00Z").await, 0);
    admin.get(&format!("{}/deliveries?state=odd", path(&made))).await.expect_problem("invalid_parameter");
}

#[tokio::test]
async fn after_three_days_a_delivery_is_given_up_and_the_next_has_its_turn() {
    let (app, receiver) = start().await;
    things(&app).await;
    let made = webhook(&app, "all", rows(json!({}))).await;
    receiver.answer_with([500, 500, 204]);
    app.sql("insert into public.things (n) values (1)").await;
    app.eventually("the first attempt has failed", || {
        let failed = receiver.messages().len();
        async move { failed == 1 }
    })
    .await;
    app.sql("update public.things set n = 2").await;
    app.clock.advance(std::time::Duration::from_secs(3 * 24 * 60 * 60 + 60));
    wait_for(&app, &receiver, "all", 1).await;
    settled(&app).await;
    assert_eq!(receiver.told("all"), [("record.updated".to_owned(), json!(2))]);
    let states = "select string_agg(state, ' ' order by sequence) from annex.webhook_deliveries";
    assert_eq!(app.sql_value(states).await.unwrap(), "failed delivered");
    let admin = admin_again(&app).await;
    assert_eq!(admin.get(&path(&made)).await.json()["enabled"], true);

    // By hand it is made again, as what it was, and so is a whole period.
    let failed = admin.get(&format!("{}/deliveries?state=failed", path(&made))).await.items();
    let one = format!("{}/deliveries/{}", path(&made), failed[0]["id"].as_str().unwrap());
    let again = admin.post(&format!("{one}/replay"), json!({})).await.expect_status(200).json();
    assert_eq!(again["state"], "pending");
    wait_for(&app, &receiver, "all", 2).await;
    settled(&app).await;
    let messages = receiver.messages();
    assert_eq!(messages[0].signed[0], messages.last().unwrap().signed[0], "the same id");
    assert_ne!(messages[0].signed[1], messages.last().unwrap().signed[1], "another time");
    let replay = format!("{}/replay", path(&made));
    let period = |from: &str, to: &str| json!({"from": from, "to": to});
    let all = period("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let replayed = admin.post(&replay, all.clone()).await.expect_status(200).json();
    assert_eq!(replayed, json!({"count": 2, "more": false}));
    wait_for(&app, &receiver, "all", 4).await;
    settled(&app).await;
    let last: Vec<(String, Value)> = receiver.told("all").split_off(2);
    assert_eq!(last, [("record.created".to_owned(), json!(1)), ("record.updated".to_owned(), json!(2))]);
    let none = admin.post(&replay, period("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")).await.json();
    assert_eq!(none["count"], 0);
    let mut failed = all.clone();
    failed["state"] = json!("failed");
    assert_eq!(admin.post(&replay, failed.clone()).await.json()["count"], 0);
    failed["state"] = json!("pending");
    admin.post(&replay, failed).await.expect_problem("validation_failed");
}

#[tokio::test]
async fn a_webhook_that_is_gone_or_never_answers_is_disabled_and_the_admins_are_told() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "watch", json!({"events": ["webhook.disabled"]})).await;
    let gone = webhook(&app, "gone", rows(json!({}))).await;
    receiver.answer_with([410]);
    app.sql("insert into public.things (n) values (1)").await;
    app.eventually("its end is told", || {
        let told = receiver.told("watch").len();
        async move { told == 1 }
    })
    .await;
    let admin = app.admin().await;
    let read = admin.get(&path(&gone)).await.json();
    assert_eq!((&read["enabled"], &read["disabled_reason"]), (&json!(false), &json!("gone")));
    assert!(read["disabled_at"].is_string());
    let told = receiver.messages().into_iter().find(|message| message.place == "watch").unwrap().event;
    assert_eq!((&told["data"]["id"], &told["data"]["reason"]), (&gone["id"], &json!("gone")));
    app.eventually("the mail is there", || async { admin.get("/v1/outbox").await.items().len() == 1 }).await;
    assert_eq!(admin.get("/v1/outbox").await.items()[0]["subject"], "The webhook gone is disabled");
    assert_eq!(admin.get("/v1/event-log").await.json()["disabled_webhooks"], json!([gone["id"]]));

    // Again enabled it goes on; when nothing is taken for five days it is over.
    admin.patch(&path(&gone), json!({"enabled": true})).await.expect_status(200);
    receiver.answer_with([500]);
    app.sql("update public.things set n = 2").await;
    app.eventually("the attempt has failed", || async {
        admin.get(&path(&gone)).await.json()["failing_since"].is_string()
    })
    .await;
    app.clock.advance(std::time::Duration::from_secs(5 * 24 * 60 * 60 + 60));
    receiver.answer_with([500]);
    app.eventually("it is disabled", || async {
        app.sql_value("select disabled_reason from annex.webhooks where name = 'gone'").await.as_deref()
            == Some("failing")
    })
    .await;
    wait_for(&app, &receiver, "watch", 2).await;
}

#[tokio::test]
async fn both_secrets_sign_while_they_overlap() {
    let (app, receiver) = start().await;
    let made = webhook(&app, "all", json!({"events": ["user.registered"]})).await;
    let admin = app.admin().await;
    let (first, test) = (made["secret"].as_str().unwrap().to_owned(), format!("{}/test", path(&made)));
    let rotated = admin
        .post(&format!("{}/rotate", path(&made)), json!({"overlap_seconds": 60}))
        .await
        .expect_status(200)
        .json();
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert!(rotated["previous_secret_expires_at"].is_string());
    let delivery = admin.post(&test, json!({})).await.expect_status(201).json();
    assert_eq!((&delivery["type"], &delivery["state"]), (&json!("webhook.test"), &json!("pending")));
    wait_for(&app, &receiver, "all", 1).await;
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(&first) && message.is_signed_with(&second));
    assert_eq!(message.signed[0], delivery["id"].as_str().unwrap());
    app.clock.advance(std::time::Duration::from_secs(120));
    let admin = admin_again(&app).await;
    admin.post(&test, json!({})).await.expect_status(201);
    wait_for(&app, &receiver, "all", 2).await;
    let message = &receiver.messages()[1];
    assert!(!message.is_signed_with(&first) && message.is_signed_with(&second));
    let too_long = json!({"overlap_seconds": 2_592_001});
    admin.post(&format!("{}/rotate", path(&made)), too_long).await.expect_problem("validation_failed");
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_what_nobody_makes_is_picked_up() {
    let (app, receiver) = start().await;
    let made = webhook(&app, "all", json!({"events": ["user.registered"]})).await;
    app.user("ada").await;
    wait_for(&app, &receiver, "all", 1).await;
    settled(&app).await;
    // Somebody cancels the job of a delivery: nobody makes it any more.
    receiver.answer_with([500]);
    app.user("grace").await;
    app.eventually("the attempt has failed", || async {
        app.sql_value("select count(*) from annex.scheduled").await.unwrap() == "1"
    })
    .await;
    app.sql("select annex.cancel_jobs(array_agg(job_id)) from annex.scheduled").await;
    app.sql("update annex.webhook_deliveries set next_attempt_at = next_attempt_at - interval '2 min' where state = 'pending'").await;
    annex::webhooks::sweep::sweep_once(app.inside()).await.unwrap();
    wait_for(&app, &receiver, "all", 2).await;
    settled(&app).await;

    app.clock.advance(std::time::Duration::from_secs(13 * 24 * 60 * 60));
    annex::webhooks::sweep::sweep_once(app.inside()).await.unwrap();
    let kept = "select (select count(*) from annex.webhook_deliveries) || ' ' || (select count(*) from annex.webhook_attempts)";
    assert_eq!(app.sql_value(kept).await.unwrap(), "2 3");
    app.clock.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    annex::webhooks::sweep::sweep_once(app.inside()).await.unwrap();
    assert_eq!(app.sql_value(kept).await.unwrap(), "0 0");
    let admin = admin_again(&app).await;
    assert_eq!(admin.get(&format!("{}/deliveries", path(&made))).await.items().len(), 0);
}

#[tokio::test]
async fn after_many_failures_a_lane_does_not_wait_long_for_a_database_that_failed() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "all", rows(json!({}))).await;
    receiver.answer_with([500]);
    app.sql("insert into public.things (n) values (1)").await;
    let is_scheduled = "select exists (select from annex.scheduled where attempt = 13)";
    app.eventually("the attempt has failed", || async {
        app.sql_value("select count(*) from annex.scheduled").await.unwrap() == "1"
    })
    .await;
    // As after many deliveries that failed, each of them taken in the end.
    app.sql("alter table annex.webhook_attempts rename to elsewhere").await;
    app.sql("update annex.scheduled set attempt = 12").await;
    app.eventually("the database has failed", || async {
        app.sql_value(is_scheduled).await.unwrap() == "true"
    })
    .await;
    let soon = "select run_at < clock_timestamp() + interval '16 s' from annex.scheduled";
    assert_eq!(app.sql_value(soon).await.as_deref(), Some("true"));
    app.sql("alter table annex.elsewhere rename to webhook_attempts").await;
    app.sql("update annex.scheduled set run_at = clock_timestamp()").await;
    wait_for(&app, &receiver, "all", 1).await;
}
