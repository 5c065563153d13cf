//! `email.send`, with a mail server and without one.

use serde_json::{Value, json};

use super::smtp::Smtp;
use super::{attempt, builder, enqueue, failed, succeeded};

fn mail(to: Value) -> Value {
    json!({"to": to, "subject": "Grüße", "text": "Hello\n.\nAda"})
}

#[tokio::test]
async fn a_mail_server_gets_the_mail() {
    let smtp = Smtp::start().await;
    let app = builder()
        .set("ANNEX_SMTP_URL", format!("smtp://{}", smtp.address))
        .set("ANNEX_MAIL_FROM", "Shop <shop@example.com>")
        .start()
        .await;
    let args = json!({
        "to": ["Ada <ada@example.com>", "b@example.com"], "cc": "c@example.com", "reply_to": "help@example.com",
        "subject": "Grüße", "text": "Hello\n.\nAda", "html": "<p>Hello</p>",
    });
    let job = enqueue(&app, "email.send", &args, json!({})).await;
    let result = attempt(&app, job).await["result"].clone();
    assert_eq!(result, json!({"message_id": format!("<{job}@example.com>"), "answer": "taken as 42"}));
    let taken = smtp.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].from, "shop@example.com");
    assert_eq!(taken[0].to, ["ada@example.com", "b@example.com", "c@example.com"]);
    for line in
        ["From: Shop <shop@example.com>", "Reply-To: help@example.com", "Cc: c@example.com", "Hello\n.\nAda"]
    {
        assert!(taken[0].data.contains(&format!("{line}\n")), "{line} in {}", taken[0].data);
    }
    assert!(taken[0].data.contains("<p>Hello</p>"));
    let admin = app.admin().await;
    assert!(admin.get("/v1/outbox").await.expect_status(200).items().is_empty(), "what is sent is not kept");

    let refused = failed(&app, "email.send", mail(json!("refused@example.com")), "mail_refused", true).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("no such user"), "{refused}");
    for passing in ["later@example.com", "stranger@example.com"] {
        failed(&app, "email.send", mail(json!(passing)), "mail_not_sent", false).await;
    }
    let eve = json!({"to": "ada@example.com", "subject": "a\r\nBcc: eve@example.com", "text": ""});
    failed(&app, "email.send", eve, "invalid_arguments", true).await;
    failed(
        &app,
        "email.send",
        mail(json!(["ada@example.com\r\nRCPT TO:<eve@example.com>"])),
        "invalid_arguments",
        true,
    )
    .await;
    assert_eq!(smtp.taken().len(), 1, "nobody else got anything");
}

#[tokio::test]
async fn a_mail_server_that_is_not_there_is_tried_again() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = builder()
        .set("ANNEX_SMTP_URL", format!("smtp://{closed}"))
        .set("ANNEX_MAIL_FROM", "shop@example.com")
        .start()
        .await;
    failed(&app, "email.send", mail(json!("ada@example.com")), "mail_not_sent", false).await;
}

#[tokio::test]
async fn no_password_is_sent_where_others_could_read_it() {
    let smtp = Smtp::start().await;
    let app = builder()
        .set("ANNEX_SMTP_URL", format!("smtp://shop:hunter2@{}", smtp.address))
        .set("ANNEX_MAIL_FROM", "shop@example.com")
        .start()
        .await;
    let attempt = failed(&app, "email.send", mail(json!("ada@example.com")), "mail_not_sent", false).await;
    assert!(!attempt.to_string().contains("hunter2"), "{attempt}");
    assert!(smtp.taken().is_empty());
    assert!(!format!("{:?}", app.inside().mailer).contains("hunter2"));
    assert!(!format!("{:?}", app.inside().config).contains("hunter2"));
}

#[tokio::test]
async fn without_a_mail_server_the_outbox_gets_it() {
    let app = builder().start().await;
    let job = enqueue(&app, "email.send", &mail(json!("Ada <ada@example.com>")), json!({})).await;
    let id = attempt(&app, job).await["result"]["outbox_id"].clone();
    let admin = app.admin().await;
    let path = format!("/v1/outbox/{}", id.as_str().unwrap());
    let found = admin.get(&path).await.expect_status(200).expect_header("cache-control", "no-store").json();
    let expected = json!({
        "id": id, "job_id": job, "from": "annex@localhost", "to": ["Ada <ada@example.com>"], "cc": [], "reply_to": null,
        "subject": "Grüße", "text": "Hello\n.\nAda", "html": null, "created_at": found["created_at"],
    });
    assert_eq!(found, expected);

    for n in 1..4 {
        succeeded(&app, "email.send", json!({"to": "b@example.com", "subject": n.to_string(), "text": ""}))
            .await;
    }
    let first = admin.get("/v1/outbox?limit=3").await.expect_status(200);
    let subjects: Vec<Value> = first.items().iter().map(|mail| mail["subject"].clone()).collect();
    assert_eq!(subjects, ["3", "2", "1"], "the newest first");
    assert!(first.items()[0].get("text").is_none());
    let next = format!("/v1/outbox?limit=3&cursor={}", first.json()["next_cursor"].as_str().unwrap());
    let rest = admin.get(&next).await.expect_status(200).json();
    assert_eq!(rest["items"][0]["id"], id);
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));

    let ada = app.user("ada").await;
    for path in ["/v1/outbox", path.as_str()] {
        ada.get(path).await.expect_problem("forbidden");
        app.anonymous().get(path).await.expect_problem("unauthenticated");
    }
    for missing in ["nothing", "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"] {
        admin.get(&format!("/v1/outbox/{missing}")).await.expect_problem("not_found");
    }
    admin.get("/v1/outbox?status=404").await.expect_problem("invalid_parameter");
}

#[tokio::test]
async fn the_outbox_keeps_the_newest() {
    let app = builder().start().await;
    app.sql(
        "insert into annex.outbox (id, job_id, sender, recipients, copies, subject, text, created_at)
         select annex.uuid_v7(), annex.uuid_v7(), 'a@example.com', '{b@example.com}', '{}', n::text, '', now()
         from generate_series(1, 1100) n",
    )
    .await;
    let args = json!({"to": "b@example.com", "subject": "the last", "text": ""});
    succeeded(&app, "email.send", args).await;
    let kept = app.sql_value("select count(*) || ' ' || bool_or(subject = 'the last') || bool_or(subject = '101') from annex.outbox");
    assert_eq!(kept.await.as_deref(), Some("1000 truefalse"));
}

#[tokio::test]
async fn a_mail_says_that_a_batch_has_ended() {
    let app = builder().start().await;
    let admin = app.admin().await;
    let job = |to: &str| json!({"kind": "email.send", "args": mail(json!(to))});
    let batch = json!({"jobs": [{"job": job("one@example.com")}], "callback": job("last@example.com")});
    let batch = admin.post("/v1/batches", batch).await.expect_status(201).json();
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    app.eventually("both are sent", async || admin.get("/v1/outbox").await.items().len() == 2).await;
    let callback = admin.get(&path).await.json()["callback_id"].as_str().unwrap().parse().unwrap();
    let attempt = attempt(&app, callback).await;
    assert_eq!(attempt["outcome"], "succeeded", "{attempt}");
}
