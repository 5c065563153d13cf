//! Webhooks are made, changed and forgotten.

use annex_tests::Client;
use serde_json::{Value, json};

use super::{path, rows, start, things, webhook};

#[tokio::test]
async fn a_webhook_is_made_changed_and_forgotten_by_admins_alone() {
    let (app, _) = start().await;
    things(&app).await;
    let admin = app.admin().await;
    let made = webhook(&app, "check", rows(json!({"condition": "n > 1"}))).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let at = path(&made);
    let answer = admin.get(&at).await;
    let tag = answer.header("etag").unwrap().to_owned();
    let read = answer.expect_status(200).json();
    assert_eq!(read["secret"], Value::Null, "a secret is told once");
    assert_eq!(
        (&read["enabled"], &read["condition"], &read["headers"]),
        (&json!(true), &json!("n > 1"), &json!({}))
    );
    let changed = admin
        .request("PATCH", &at)
        .header("If-Match", &tag)
        .json(&json!({"condition": null, "enabled": false}))
        .await;
    let changed = changed.expect_status(200).json();
    assert_eq!((&changed["condition"], &changed["enabled"]), (&Value::Null, &json!(false)));
    let stale = admin.request("PATCH", &at).header("If-Match", &tag).json(&json!({"enabled": true})).await;
    stale.expect_problem("precondition_failed");
    assert_eq!(json!(admin.get("/v1/webhooks").await.items()), json!([changed]));

    let path_of = |more: &str| format!("{at}{more}");
    let ask = |client: &Client, method: &str, path: &str| {
        let request = client.request(method, path);
        if matches!(method, "GET" | "DELETE") { request } else { request.json(&json!({})) }
    };
    let nothing = "/0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    for (method, path) in [
        ("GET", "/v1/webhooks".to_owned()),
        ("POST", "/v1/webhooks".to_owned()),
        ("GET", path_of("")),
        ("PATCH", path_of("")),
        ("DELETE", path_of("")),
        ("POST", path_of("/rotate")),
        ("POST", path_of("/test")),
        ("POST", path_of("/replay")),
        ("GET", path_of("/deliveries")),
        ("GET", path_of(&format!("/deliveries{nothing}"))),
        ("POST", path_of(&format!("/deliveries{nothing}/replay"))),
        ("GET", "/v1/event-log".to_owned()),
    ] {
        ask(&app.anonymous(), method, &path).await.expect_problem("unauthenticated");
        ask(&app.user("ada").await, method, &path).await.expect_problem("forbidden");
    }
    admin.delete(&at).await.expect_status(204);
    for path in [at.clone(), format!("/v1/webhooks{nothing}"), "/v1/webhooks/none".to_owned()] {
        admin.get(&path).await.expect_problem("not_found");
        admin.get(&format!("{path}/deliveries")).await.expect_problem("not_found");
        admin.post(&format!("{path}/test"), json!({})).await.expect_problem("not_found");
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_the_place() {
    let (app, _) = start().await;
    things(&app).await;
    webhook(&app, "taken", json!({"events": ["user.registered"]})).await;
    let admin = app.admin().await;
    let good = json!({"name": "a", "url": "https://example.com", "events": ["record.created"], "collection": "things"});
    let with = |change: Value| {
        let mut spec = good.clone();
        for (name, value) in change.as_object().unwrap() {
            spec[name] = value.clone();
        }
        spec
    };
    for (change, pointer) in [
        (json!({"name": "A b"}), "/name"),
        (json!({"name": "taken"}), "/name"),
        (json!({"url": "ftp://example.com"}), "/url"),
        (json!({"url": "https://ada:pw@example.com"}), "/url"),
        (json!({"events": []}), "/events"),
        (json!({"events": ["webhook.test"]}), "/events"),
        (json!({"collection": null}), "/collection"),
        (json!({"collection": "nothing"}), "/collection"),
        (json!({"events": ["user.registered"]}), "/collection"),
        (json!({"events": ["user.registered"], "collection": null, "condition": "n > 1"}), "/condition"),
        (json!({"fields": ["n", "nothing"]}), "/fields/1"),
        (json!({"headers": {"webhook-id": "1"}}), "/headers"),
        (json!({"headers": {"Host": "a"}}), "/headers"),
        (json!({"headers": {"a": "b\r\nc: d"}}), "/headers"),
    ] {
        let problem =
            admin.post("/v1/webhooks", with(change.clone())).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{change}");
    }
    for (condition, code) in [
        ("n >", "invalid_expression"),
        ("nothing = 1", "invalid_expression"),
        ("n = 1 or @user.id != null", "invalid_expression"),
        ("lower(name) = \"a\"", "not_live"),
        ("exists(things, n = $.n)", "not_live"),
    ] {
        admin.post("/v1/webhooks", with(json!({"condition": condition}))).await.expect_problem(code);
    }
    app.sql("create view public.seen as select 1 as id").await;
    admin
        .post("/v1/collections/adopt", json!({"schema": "public", "table": "seen", "primary_key": ["id"]}))
        .await;
    let problem = admin
        .post("/v1/webhooks", with(json!({"collection": "seen"})))
        .await
        .expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/collection");
    assert_eq!(admin.get("/v1/webhooks").await.items().len(), 1, "nothing of that was kept");
}

#[tokio::test]
async fn a_collection_that_goes_takes_its_webhooks_along_and_realtime_stays_as_it_was() {
    let (app, _) = start().await;
    things(&app).await;
    let admin = app.admin().await;
    let identity = "select relreplident::text from pg_class where oid = 'public.things'::regclass";
    let published = "select coalesce(string_agg(p.pubname, ',' order by p.pubname), '') from pg_publication_rel r \
        join pg_publication p on p.oid = r.prpubid where r.prrelid = 'public.things'::regclass";
    let made = webhook(&app, "check", rows(json!({}))).await;
    assert_eq!(app.sql_value(identity).await.unwrap(), "f");
    assert_eq!(app.sql_value(published).await.unwrap(), "annex_events");
    admin.patch("/v1/collections/things", json!({"realtime": true})).await.expect_status(200);
    admin.patch("/v1/collections/things", json!({"realtime": false})).await.expect_status(200);
    assert_eq!(app.sql_value(identity).await.unwrap(), "f", "the webhook needs it");
    admin.patch("/v1/collections/things", json!({"realtime": true})).await.expect_status(200);
    admin.delete(&path(&made)).await.expect_status(204);
    assert_eq!(app.sql_value(published).await.unwrap(), "annex");
    assert_eq!(app.sql_value(identity).await.unwrap(), "f", "realtime needs it");
    admin.patch("/v1/collections/things", json!({"realtime": false})).await.expect_status(200);
    assert_eq!(app.sql_value(identity).await.unwrap(), "d");
    let made = webhook(&app, "check", rows(json!({}))).await;
    admin.delete("/v1/collections/things").await.expect_status(204);
    admin.get(&path(&made)).await.expect_problem("not_found");
}
