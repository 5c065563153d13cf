//! `POST /v1/auth/bootstrap`, and the first admin of the configuration

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{NEVER, login};

fn body(app: &TestApp, i: usize) -> Value {
    let token = app.inside().auth.setup_token().expect("there is no admin yet");
    json!({"token": token, "email": format!("admin{i}@example.com"), "password": "seven quiet otters"})
}

#[tokio::test]
async fn the_first_admin_is_made_once_also_under_a_race() {
    let app = TestApp::start().await;
    let tries = (0..20).map(|i| app.anonymous().post("/v1/auth/bootstrap", body(&app, i)).into_future());
    let answers = futures_util::future::join_all(tries).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_status(409).expect_unsaid(NEVER).expect_problem("already_set_up");
    }
    let won = won[0].clone().expect_unsaid(NEVER).json();
    assert_eq!(won["user"]["roles"], json!(["admin"]));
    let admin = app.anonymous().signed_in(&won).as_admin();
    assert_eq!(admin.get("/v1/users").await.expect_status(200).items().len(), 1);
    assert_eq!(
        app.sql_value("select count(*) from annex.secrets where name = 'setup_token'").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn only_the_newest_token_counts_and_it_is_not_kept() {
    let app = TestApp::start().await;
    let old = body(&app, 1);
    let kept =
        app.sql_value("select encode(value, 'escape') from annex.secrets where name = 'setup_token'").await;
    assert!(!kept.unwrap().contains(old["token"].as_str().unwrap()));
    for token in ["", "annex_setup_", "annex_setup_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let mut body = old.clone();
        body["token"] = json!(token);
        app.anonymous()
            .post("/v1/auth/bootstrap", body)
            .await
            .expect_status(401)
            .expect_problem("invalid_token");
    }
    let again = TestApp::builder().database(app.database.clone()).start().await;
    again
        .anonymous()
        .post("/v1/auth/bootstrap", old)
        .await
        .expect_status(401)
        .expect_problem("invalid_token");
    again.anonymous().post("/v1/auth/bootstrap", body(&again, 1)).await.expect_status(201);
    let third = TestApp::builder().database(app.database.clone()).start().await;
    assert_eq!(third.inside().auth.setup_token(), None);
    assert_eq!(third.inside().auth.setup_link("http://console.test"), None);
}

#[tokio::test]
async fn admins_who_cannot_sign_in_leave_the_way_open() {
    let app = TestApp::start().await;
    app.sql(
        "insert into annex.users (id, email, password_hash, roles, disabled, created_at, updated_at)
         values (gen_random_uuid(), 'unable@example.com', null, '{admin}', false, now(), now()),
                (gen_random_uuid(), 'banned@example.com', '$argon2id$', '{admin}', true, now(), now())",
    )
    .await;
    let again = TestApp::builder().database(app.database.clone()).start().await;
    again.anonymous().post("/v1/auth/bootstrap", body(&again, 1)).await.expect_status(201);
    let third = TestApp::builder().database(app.database.clone()).start().await;
    assert_eq!(third.inside().auth.setup_token(), None);
}

#[tokio::test]
async fn what_is_wrong_is_told_for_every_member_at_once() {
    let app = TestApp::start().await;
    let mut wrong = body(&app, 1);
    wrong["email"] = json!("ada");
    wrong["password"] = json!("short");
    let answer = app.anonymous().post("/v1/auth/bootstrap", wrong).await.expect_status(422);
    let problem = answer.expect_problem("validation_failed");
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/password"]);
}

#[tokio::test]
async fn the_link_leads_to_the_console() {
    let app = TestApp::start().await;
    let token = app.inside().auth.setup_token().unwrap();
    assert!(token.starts_with("annex_setup_") && token.len() == "annex_setup_".len() + 43);
    let link = app.inside().auth.setup_link("http://console.test").unwrap();
    assert_eq!(link, format!("http://console.test/setup#token={token}"));
}

#[tokio::test]
async fn a_weak_password_makes_no_admin_and_leaves_the_token_good() {
    let app = TestApp::start().await;
    let mut weak = body(&app, 1);
    weak["password"] = json!("short");
    app.anonymous().post("/v1/auth/bootstrap", weak).await.expect_status(422);
    app.user("ada").await;
    let mut taken = body(&app, 1);
    taken["email"] = json!("ADA@example.com");
    app.anonymous().post("/v1/auth/bootstrap", taken).await.expect_status(409).expect_problem("email_taken");
    app.anonymous().post("/v1/auth/bootstrap", body(&app, 1)).await.expect_status(201);
}

#[tokio::test]
async fn the_configuration_makes_the_first_admin_once() {
    let named = || {
        TestApp::builder()
            .set("ANNEX_ADMIN_EMAIL", "root@example.com")
            .set("ANNEX_ADMIN_PASSWORD", "seven quiet otters")
    };
    let app = named().start().await;
    assert_eq!(app.inside().auth.setup_token(), None);
    let answer = login(&app, "root@example.com", "seven quiet otters").await.expect_status(200).json();
    assert_eq!(answer["user"]["roles"], json!(["admin"]));
    app.anonymous()
        .post(
            "/v1/auth/bootstrap",
            json!({"token": "x", "email": "a@example.com", "password": "seven quiet otters"}),
        )
        .await
        .expect_status(409)
        .expect_problem("already_set_up");

    // Many servers at once, and one with another password: nothing is made or changed again.
    let others = (0..3).map(|_| {
        named().set("ANNEX_ADMIN_EMAIL", "other@example.com").database(app.database.clone()).start()
    });
    let others = futures_util::future::join_all(others).await;
    assert_eq!(app.sql_value("select count(*) from annex.users").await.as_deref(), Some("1"));
    drop(others);
}
