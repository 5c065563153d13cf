//! `POST /v1/auth/password`

use annex_tests::{Answer, Client, TestApp};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{NEVER, login, refresh};

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let tokens = login(&app, "ada@example.com", "seven quiet otters").await.json();
    let elsewhere = app.anonymous().signed_in(&tokens);
    elsewhere.get("/v1/auth/me").await.expect_status(200);
    let change = json!({"current_password": "seven quiet otters", "new_password": "eleven loud herons"});
    ada.post("/v1/auth/password", change.clone()).await.expect_status(204);
    elsewhere.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
    refresh(&app, &tokens["refresh_token"]).await.expect_status(401);
    ada.get("/v1/auth/me").await.expect_status(200);
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(401);
    login(&app, "ada@example.com", "eleven loud herons").await.expect_status(200);
    app.anonymous()
        .post("/v1/auth/password", change)
        .await
        .expect_status(401)
        .expect_problem("unauthenticated");
}

#[tokio::test]
async fn the_current_password_is_asked_for_and_the_new_one_must_be_good() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (current, new, pointer) in [
        ("another quiet otter", "eleven loud herons", "/current_password"),
        ("seven quiet otters", "short", "/new_password"),
        ("seven quiet otters", "ada@example.com ada@example.com", "/new_password"),
    ] {
        let change = json!({"current_password": current, "new_password": new});
        let answer = ada.post("/v1/auth/password", change).await.expect_status(422).expect_unsaid(NEVER);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, pointer);
        answer.expect_unsaid(&[current, new]);
    }
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
}

/// Waits until as many statements as that wait for a lock.
async fn waiting(app: &TestApp, count: usize) {
    let count = count.to_string();
    app.eventually("the statements wait", || async {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        app.sql_value(waiting).await.as_deref() == Some(count.as_str())
    })
    .await;
}

/// Signs in while the account's password is about to become that of another account.
async fn login_during_a_change(app: &TestApp, other: &str) -> Answer {
    let mut changing = app.database.connect().await;
    let change = format!(
        "begin; update annex.users set password_hash =
             (select password_hash from annex.users where email = '{other}@example.com')
         where email = 'ada@example.com'"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut changing).await.unwrap();
    let signing_in = tokio::spawn({
        let body = json!({"email": "ada@example.com", "password": "seven quiet otters"});
        app.anonymous().post("/v1/auth/login", body).into_future()
    });
    waiting(app, 1).await;
    sqlx::raw_sql("commit").execute(&mut changing).await.unwrap();
    signing_in.await.unwrap()
}

#[tokio::test]
async fn the_old_password_opens_no_session_while_it_is_changed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.user("ada").await;
    app.user("same").await;
    let other = json!({"email": "other@example.com", "password": "eleven loud herons"});
    admin.post("/v1/users", other).await.expect_status(201);
    // Another hash of the same password, as sign-in makes one of a weak hash, shuts nobody out.
    login_during_a_change(&app, "same").await.expect_status(200);
    app.sql("truncate annex.sessions").await;
    let refused = login_during_a_change(&app, "other").await.expect_status(401);
    refused.expect_problem("invalid_credentials");
    assert_eq!(app.sql_value("select count(*) from annex.sessions").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_session_of_the_old_password_does_not_outlive_a_reset() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = format!("/v1/users/{}", ada.id());
    let old = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    let signing_in: Vec<_> = (0..6)
        .map(|_| tokio::spawn(app.anonymous().post("/v1/auth/login", old.clone()).into_future()))
        .collect();
    admin.patch(&path, json!({"password": "eleven loud herons"})).await.expect_status(200);
    for answer in futures_util::future::join_all(signing_in).await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            let session = app.anonymous().signed_in(&answer.json());
            session.get("/v1/auth/me").await.expect_status(401);
        } else {
            answer.expect_status(401).expect_problem("invalid_credentials");
        }
    }
}

/// Has both sessions change the password at once, and tells how the loser was answered.
async fn two_changes(app: &TestApp, first: &Client, second: &Client) -> Answer {
    let change = |client: &Client, new: &str| {
        let body = json!({"current_password": "seven quiet otters", "new_password": new});
        tokio::spawn(client.post("/v1/auth/password", body).into_future())
    };
    let mut holding = app.database.connect().await;
    sqlx::raw_sql("begin; select from annex.users for update").execute(&mut holding).await.unwrap();
    let news = ["eleven loud herons", "nineteen slow badgers"];
    let (first, second) = (change(first, news[0]), change(second, news[1]));
    waiting(app, 2).await;
    sqlx::raw_sql("commit").execute(&mut holding).await.unwrap();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let (right, wrong, lost) = match first.status {
        204 => (news[0], news[1], second),
        _ => (news[1], news[0], first),
    };
    login(app, "ada@example.com", right).await.expect_status(200);
    login(app, "ada@example.com", wrong).await.expect_status(401);
    lost
}

#[tokio::test]
async fn of_two_changes_at_once_in_two_sessions_the_loser_has_ended() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let tokens = login(&app, "ada@example.com", "seven quiet otters").await.json();
    let elsewhere = app.anonymous().signed_in(&tokens);
    two_changes(&app, &ada, &elsewhere).await.expect_status(401).expect_problem("invalid_token");
}

#[tokio::test]
async fn of_two_changes_at_once_in_one_session_the_loser_has_the_wrong_password() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let lost = two_changes(&app, &ada, &ada).await.expect_status(422);
    assert_eq!(lost.expect_problem("validation_failed").errors[0].code, "wrong_password");
    ada.get("/v1/auth/me").await.expect_status(200);
}
