//! `GET /v1/jobs/{id}/file`

use std::time::Duration;

use annex_tests::{Client, PASSWORD, TestApp};
use serde_json::{Value, json};

use super::{accepted, ask, builder, failed, fetch, id, kept, link, notes, read, succeeded};

/// An export with so many bytes and a few more.
async fn exported(app: &TestApp, client: &Client, characters: usize) -> Value {
    notes(app, json!({"list": ""})).await;
    app.sql(&format!("insert into public.notes (title) values (repeat('0123456789', {characters} / 10))"))
        .await;
    let job = accepted(ask(client, "notes", json!({"fields": ["title"]})).await);
    succeeded(client, &job).await
}

#[tokio::test]
async fn a_link_is_for_one_file_and_a_while() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let job = exported(&app, &uma, 100).await;
    let other = succeeded(&uma, &accepted(ask(&uma, "notes", json!({})).await)).await;
    let link = link(&job);
    let answer = fetch(&app, &job).await.expect_header("x-content-type-options", "nosniff");
    let answer = answer.expect_header("content-disposition", "attachment; filename=\"notes.csv\"");
    answer.expect_header("cache-control", "private, no-store").expect_said("0123456789");
    let (path, query) = link.split_once('?').unwrap();
    let parts: Vec<&str> = query.split('&').collect();
    let [expires, session, signature] = parts[..] else { panic!("{link}") };
    let later: i64 = expires.strip_prefix("expires=").unwrap().parse().unwrap();
    let (rest, last) = signature.split_at(signature.len() - 2);
    let changed = format!("{rest}{}", if last.starts_with('A') { "BB" } else { "AA" });
    let elsewhere = format!("/v1/jobs/{}/file", id(&other));
    for forged in [
        path.to_owned(),
        format!("{path}?{expires}&{session}"),
        format!("{path}?{expires}&{signature}"),
        format!("{path}?{session}&{signature}"),
        format!("{path}?expires={}&{session}&{signature}", later + 1),
        format!("{path}?{expires}&session={}&{signature}", uma.id()),
        format!("{path}?{expires}&{session}&{changed}"),
        format!("{path}?{expires}&{session}&signature="),
        format!("{path}?expires=never&{session}&{signature}"),
        format!("{elsewhere}?{query}"),
    ] {
        let refused = app.anonymous().get(&forged).await.expect_status(403);
        refused.expect_problem("forbidden");
        // A token does not help.
        uma.get(&forged).await.expect_status(403);
    }
    app.anonymous().get(&format!("{link}&more=1")).await.expect_problem("invalid_parameter");

    app.clock.advance(Duration::from_secs(15 * 60 + 1));
    app.anonymous().get(&link).await.expect_status(403);
    let login = json!({"email": "uma@example.com", "password": PASSWORD});
    let again = app.anonymous().post("/v1/auth/login", login).await.expect_status(200).json();
    let uma = app.anonymous().signed_in(&again);
    let job = read(&uma, &job).await;
    assert_ne!(super::link(&job), link);
    fetch(&app, &job).await;
    let last = super::link(&job);
    uma.post("/v1/auth/logout", json!({"refresh_token": again["refresh_token"]})).await.expect_status(204);
    app.anonymous().get(&last).await.expect_status(403).expect_problem("forbidden");
}

#[tokio::test]
async fn a_link_ends_with_the_account() {
    let app = builder().start().await;
    let (uma, admin) = (app.user("uma").await, app.admin().await);
    let job = exported(&app, &uma, 100).await;
    fetch(&app, &job).await;
    let path = format!("/v1/users/{}", uma.id());
    admin.patch(&path, json!({"disabled": true})).await.expect_status(200);
    app.anonymous().get(&link(&job)).await.expect_status(403);
    let seen = read(&admin, &job).await;
    admin.delete(&path).await.expect_status(204);
    // The admin's own link goes on.
    fetch(&app, &seen).await;
}

#[tokio::test]
async fn a_file_goes_when_its_time_is_over_or_its_job_is_discarded() {
    let app = builder().start().await;
    let admin = app.admin().await;
    let job = exported(&app, &admin, 600_000).await;
    let discarded = succeeded(&admin, &accepted(ask(&admin, "notes", json!({})).await)).await;
    assert_eq!(kept(&app).await, ("2".to_owned(), "6".to_owned()));
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    fetch(&app, &job).await;
    let only = json!({"ids": [id(&discarded)]});
    admin.post("/v1/jobs/discard", only).await.expect_status(200);
    app.anonymous().get(&link(&discarded)).await.expect_problem("not_found");
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    assert_eq!(kept(&app).await, ("1".to_owned(), "3".to_owned()));
    app.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    assert_eq!(kept(&app).await, ("0".to_owned(), "0".to_owned()));
    let login = json!({"email": "admin@example.com", "password": PASSWORD});
    let again = app.anonymous().post("/v1/auth/login", login).await.expect_status(200).json();
    let job = read(&app.anonymous().signed_in(&again).as_admin(), &job).await;
    assert_eq!(job["result"]["file"]["url"], Value::Null, "{job}");
}

#[tokio::test]
async fn a_part_of_a_file_is_sent() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    // Several chunks.
    let job = exported(&app, &uma, 700_000).await;
    let whole = fetch(&app, &job).await;
    let (etag, size) = (whole.header("etag").unwrap().to_owned(), whole.body.len());
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let part = async |range: &str| app.anonymous().get(&link(&job)).header("range", range).await;
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=5-14", 5, 15),
        ("bytes=262140-262150", 262_140, 262_151),
        ("bytes=100-600000", 100, 600_001),
        ("bytes=-3", size - 3, size),
        ("bytes=699999-", 699_999, size),
    ] {
        let answer = part(range).await.expect_status(206);
        assert_eq!(answer.body, whole.body.slice(from..to), "{range}");
        let said = format!("bytes {from}-{}/{size}", to - 1);
        answer.expect_header("content-range", &said);
    }
    for range in ["bytes=0-1,5-6", "lines=1-2"] {
        assert_eq!(part(range).await.expect_status(200).body, whole.body);
    }
    let outside = part(&format!("bytes={size}-")).await.expect_status(416);
    outside.expect_problem("range_not_satisfiable");
    outside.expect_header("content-range", &format!("bytes */{size}"));
    let request = || app.anonymous().get(&link(&job)).header("range", "bytes=0-0");
    request().header("if-range", &etag).await.expect_status(206);
    request().header("if-range", "\"another\"").await.expect_status(200);
}

#[tokio::test]
async fn files_have_their_bounds() {
    let app = builder().set("ANNEX_JOBS_MAX_FILE", "100KiB").start().await;
    let uma = app.user("uma").await;
    notes(&app, json!({"list": ""})).await;
    app.sql("insert into public.notes (title) values (repeat('0', 200000))").await;
    let job = failed(&uma, &accepted(ask(&uma, "notes", json!({})).await), "payload_too_large").await;
    assert_eq!(job["attempt"], 1, "it is not tried again");
    assert!(job["error"].to_string().contains("ANNEX_JOBS_MAX_FILE"), "{job}");
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    assert_eq!(kept(&app).await.0, "0");

    let app = builder().set("ANNEX_JOBS_MAX_FILES", "300KiB").start().await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    exported(&app, &uma, 200_000).await;
    let job = accepted(ask(&uma, "notes", json!({})).await);
    app.eventually("it is told", async || read(&uma, &job).await["error"]["code"] == "overloaded").await;
    // Others have the other half.
    succeeded(&ada, &accepted(ask(&ada, "notes", json!({})).await)).await;
}
