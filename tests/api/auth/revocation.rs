//! What is taken away is gone with the next request, through whatever server or program it was taken.

use annex_tests::{Client, TestApp};
use serde_json::json;

use super::refresh;

/// Is served, so that the server remembers who it is.
async fn served(client: &Client) {
    for _ in 0..3 {
        client.get("/v1/auth/me").await.expect_status(200);
    }
}

async fn refused(client: &Client) {
    client.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
}

#[tokio::test]
async fn after_logout_none_of_the_sessions_tokens_counts() {
    let app = TestApp::start().await;
    let body = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    let tokens = app.anonymous().post("/v1/auth/register", body).await.json();
    let ada = app.anonymous().signed_in(&tokens);
    served(&ada).await;
    ada.request("POST", "/v1/auth/logout").await.expect_status(204);
    refused(&ada).await;
    refresh(&app, &tokens["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");
    ada.request("POST", "/v1/auth/logout").await.expect_status(401);
    app.anonymous()
        .request("POST", "/v1/auth/logout")
        .await
        .expect_status(401)
        .expect_problem("unauthenticated");
}

#[tokio::test]
async fn a_banned_account_is_served_no_more_and_again_when_it_is_let_back() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    served(&ada).await;
    let path = format!("/v1/users/{}", ada.id());
    admin.patch(&path, json!({"disabled": true})).await.expect_status(200);
    refused(&ada).await;
    admin.patch(&path, json!({"disabled": false})).await.expect_status(200);
    served(&ada).await;
    admin.delete(&path).await.expect_status(204);
    refused(&ada).await;
    admin.get(&path).await.expect_status(404);
}

#[tokio::test]
async fn a_role_counts_from_the_next_request_on() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    ada.get("/v1/users").await.expect_status(403).expect_problem("forbidden");
    let path = format!("/v1/users/{}", ada.id());
    admin.patch(&path, json!({"roles": ["admin"]})).await.expect_status(200);
    ada.as_admin().get("/v1/users").await.expect_status(200);
    admin.patch(&path, json!({"roles": ["editor"]})).await.expect_status(200);
    ada.get("/v1/users").await.expect_status(403);
}

#[tokio::test]
async fn an_admin_who_sets_a_password_ends_the_accounts_sessions() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    served(&ada).await;
    let path = format!("/v1/users/{}", ada.id());
    admin.patch(&path, json!({"password": "eleven loud herons"})).await.expect_status(200);
    refused(&ada).await;
    super::login(&app, "ada@example.com", "eleven loud herons").await.expect_status(200);
}

#[tokio::test]
async fn changes_by_other_servers_and_programs_count() {
    let app = TestApp::start().await;
    let other = TestApp::builder().database(app.database.clone()).start().await;
    let (ada, bob, eve) = (app.user("ada").await, app.user("bob").await, app.user("eve").await);
    for client in [&ada, &bob, &eve] {
        served(client).await;
    }
    let at_other = |client: &Client| other.anonymous().with_token(client.token.clone().unwrap());
    at_other(&ada).request("POST", "/v1/auth/logout").await.expect_status(204);
    app.sql("update annex.users set disabled = true where email = 'bob@example.com'").await;
    app.sql("delete from annex.users where email = 'eve@example.com'").await;
    for client in [&ada, &bob, &eve] {
        app.eventually("the end is heard of", || async { client.get("/v1/auth/me").await.status == 401 })
            .await;
    }
    app.sql("update annex.users set disabled = false").await;
    app.eventually("the return is heard of", || async { bob.get("/v1/auth/me").await.status == 200 }).await;
    app.sql("truncate annex.sessions").await;
    app.eventually("the end is heard of", || async { bob.get("/v1/auth/me").await.status == 401 }).await;
}

#[tokio::test]
async fn while_nobody_listens_the_database_is_asked() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    served(&ada).await;
    // The listener's connection ends, and what happens meanwhile is told to nobody.
    app.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query ilike 'listen%annex_identity%'",
    )
    .await;
    app.sql(
        "alter table annex.users disable trigger users_notify_update;
         update annex.users set disabled = true;
         alter table annex.users enable trigger users_notify_update",
    )
    .await;
    app.eventually("the ban counts", || async { ada.get("/v1/auth/me").await.status == 401 }).await;
}
