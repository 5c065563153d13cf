//! Changes of rows are told.

use serde_json::{Value, json};

use super::{path, rows, settled, start, things, wait_for, webhook};

const THINGS: &str = "/v1/records/things";

#[tokio::test]
async fn a_row_that_comes_changes_and_goes_is_told_whole_and_signed() {
    let (app, receiver) = start().await;
    things(&app).await;
    let made = webhook(&app, "all", rows(json!({"headers": {"x-own": "mine"}}))).await;
    let secret = made["secret"].as_str().unwrap();
    let admin = app.admin().await;
    let thing =
        admin.post(THINGS, json!({"n": 1, "name": "a", "secret": "hidden"})).await.expect_status(201).json();
    let thing_path = format!("{THINGS}/{}", thing["id"].as_str().unwrap());
    admin.patch(&thing_path, json!({"n": 2})).await.expect_status(200);
    app.sql("update public.things set name = 'by another program'").await;
    admin.delete(&thing_path).await.expect_status(204);
    wait_for(&app, &receiver, "all", 4).await;

    let messages = receiver.messages();
    let types: Vec<&str> = messages.iter().map(|message| message.event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["record.created", "record.updated", "record.updated", "record.deleted"]);
    let mut expected = thing.clone();
    let fields = expected.as_object_mut().unwrap();
    fields.remove("secret");
    let data = &messages[0].event["data"];
    assert_eq!((&data["collection"], &data["id"]), (&json!("things"), &thing["id"]));
    assert_eq!(data["record"], expected, "the record as a list answers it, without what is hidden");
    assert_eq!(data["previous"], Value::Null);
    let data = &messages[1].event["data"];
    assert_eq!((&data["record"]["n"], &data["previous"]["n"]), (&json!(2), &json!(1)));
    assert_eq!(messages[2].event["data"]["record"]["name"], "by another program");
    assert_eq!(messages[3].event["data"]["record"]["name"], "by another program", "as it was");
    let positions: Vec<&str> =
        messages.iter().map(|message| message.event["data"]["position"].as_str().unwrap()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    for message in &messages {
        assert!(message.is_signed_with(secret), "{message:?}");
        let headers = &message.headers;
        assert!(headers.contains(&("x-own".to_owned(), "mine".to_owned())), "{headers:?}");
        assert!(headers.contains(&("content-type".to_owned(), "application/json".to_owned())), "{headers:?}");
        assert!(!String::from_utf8_lossy(&message.bytes).contains("hidden"));
    }
    let ids: std::collections::HashSet<&str> =
        messages.iter().map(|message| message.signed[0].as_str()).collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "few", json!({"collection": "things", "events": ["record.updated"], "condition": "n > 10", "fields": ["n", "secret"]})).await;
    webhook(
        &app,
        "gone",
        json!({"collection": "things", "events": ["record.deleted"], "condition": "n > 10"}),
    )
    .await;
    webhook(&app, "off", rows(json!({"enabled": false}))).await;
    webhook(&app, "all", rows(json!({}))).await;
    app.sql("insert into public.things (n, secret) values (1, 'x'), (11, 'y')").await;
    app.sql("update public.things set name = 'a'; update public.things set n = n + 10; delete from public.things where n < 100").await;
    wait_for(&app, &receiver, "all", 8).await;
    settled(&app).await;
    let mut few = receiver.told("few");
    few.sort_by_key(|(_, n)| n.as_i64());
    let updated = |n: i64| ("record.updated".to_owned(), json!(n));
    assert_eq!(few, [updated(11), updated(11), updated(21)], "the row as it is decides");
    let mut gone = receiver.told("gone");
    gone.sort_by_key(|(_, n)| n.as_i64());
    assert_eq!(gone, [("record.deleted".to_owned(), json!(11)), ("record.deleted".to_owned(), json!(21))]);
    assert_eq!(receiver.told("off"), []);
    let message = receiver.messages().into_iter().find(|message| message.place == "few").unwrap();
    let record = message.event["data"]["record"].as_object().unwrap();
    assert_eq!(record.keys().collect::<Vec<_>>(), ["n", "secret"], "what is named is sent, hidden or not");
}

#[tokio::test]
async fn what_was_committed_before_or_while_it_was_disabled_is_not_told() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "first", rows(json!({}))).await;
    app.sql("insert into public.things (n) values (1)").await;
    let second = webhook(&app, "second", rows(json!({}))).await;
    app.sql("insert into public.things (n) values (2)").await;
    wait_for(&app, &receiver, "second", 1).await;
    let admin = app.admin().await;
    admin.patch(&path(&second), json!({"enabled": false})).await.expect_status(200);
    app.sql("insert into public.things (n) values (3)").await;
    admin.patch(&path(&second), json!({"enabled": true})).await.expect_status(200);
    app.sql("insert into public.things (n) values (4)").await;
    wait_for(&app, &receiver, "first", 4).await;
    wait_for(&app, &receiver, "second", 2).await;
    settled(&app).await;
    let numbers: Vec<Value> = receiver.told("second").into_iter().map(|(_, n)| n).collect();
    assert_eq!(numbers, [json!(2), json!(4)]);
}

#[tokio::test]
async fn a_transaction_that_was_rolled_back_is_not_told_and_a_large_one_is_told_whole() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "all", rows(json!({"events": ["record.created"]}))).await;
    app.sql("begin; insert into public.things (n) values (-1); rollback").await;
    app.sql("insert into public.things (n) select g from generate_series(1, 2500) g").await;
    app.eventually("all deliveries are written", || async {
        app.sql_value("select count(*) from annex.webhook_deliveries").await.unwrap() == "2500"
    })
    .await;
    wait_for(&app, &receiver, "all", 100).await;
    let distinct = "select count(distinct lane) from annex.webhook_deliveries";
    assert_eq!(app.sql_value(distinct).await.unwrap(), "2500");
}

#[tokio::test]
async fn a_table_that_gets_another_name_or_key_is_told_on() {
    let (app, receiver) = start().await;
    things(&app).await;
    webhook(&app, "all", rows(json!({}))).await;
    app.sql("insert into public.things (n) values (1)").await;
    wait_for(&app, &receiver, "all", 1).await;
    app.sql(
        "begin; alter table public.things rename to objects;
         update annex.collections set table_name = 'objects' where name = 'things';
         update public.objects set n = 2; commit;",
    )
    .await;
    app.sql("insert into public.objects (n) values (3)").await;
    wait_for(&app, &receiver, "all", 3).await;
    app.sql("update public.objects set id = gen_random_uuid() where n = 3").await;
    wait_for(&app, &receiver, "all", 5).await;
    settled(&app).await;
    let mut told: Vec<String> = receiver.told("all").iter().map(|(name, n)| format!("{name} {n}")).collect();
    told.sort();
    let expected =
        ["record.created 1", "record.created 3", "record.created 3", "record.deleted 3", "record.updated 2"];
    assert_eq!(told, expected, "a row with another key goes, and comes");
    let messages = receiver.messages();
    assert!(messages.iter().all(|message| message.event["data"]["collection"] == "things"));
}
