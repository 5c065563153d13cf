//! `POST /v1/users/{id}/impersonate`

use std::time::Duration;

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

use super::{NEVER, login};

async fn impersonate(admin: &Client, user: &Client) -> Value {
    let answer = admin.request("POST", &format!("/v1/users/{}/impersonate", user.id())).await;
    answer.expect_status(200).expect_header("cache-control", "no-store").expect_unsaid(NEVER).json()
}

/// Whoever has that token.
async fn acting(app: &TestApp, admin: &Client, user: &Client) -> (Client, String) {
    let token = impersonate(admin, user).await;
    (app.anonymous().signed_in(&token), token["session_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_admin_acts_as_an_account_and_is_seen_to() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let rule = json!("owner = @user.id");
    app.collection(json!({
        "name": "notes",
        "fields": [{"name": "owner", "type": "relation", "collection": "users"}],
        "rules": {"list": rule, "create": rule},
    }))
    .await;
    app.rows("notes", [json!({"owner": ada.id()}), json!({"owner": admin.id()})]).await;

    let token = impersonate(&admin, &ada).await;
    assert_eq!(json!([token["expires_in"], token["user"]["id"]]), json!([900, ada.id()]));
    assert_eq!(token.get("refresh_token"), None);
    let as_ada = app.anonymous().signed_in(&token);
    assert_eq!(as_ada.get("/v1/auth/me").await.expect_status(200).json()["email"], "ada@example.com");
    assert_eq!(as_ada.get("/v1/records/notes").await.items().len(), 1, "only what Ada may see");
    as_ada.get("/v1/users").await.expect_problem("forbidden");

    let sessions = ada.get("/v1/sessions").await.expect_status(200).items();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["id"], token["session_id"]);
    assert_eq!(sessions[0]["impersonated_by"], admin.id());
    assert_eq!(sessions[1]["impersonated_by"], Value::Null);
    let kept = app.sql_value("select impersonator_id from annex.sessions where refresh_hash is null").await;
    assert_eq!(kept.as_deref(), Some(admin.id()));
    assert_eq!(admin.get("/v1/sessions").await.items().len(), 1, "the admin's own sessions are no others");
}

#[tokio::test]
async fn it_lasts_a_quarter_of_an_hour_and_is_not_renewed() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let (as_ada, _) = acting(&app, &admin, &ada).await;
    app.clock.advance(Duration::from_secs(14 * 60));
    as_ada.get("/v1/auth/me").await.expect_status(200);
    app.clock.advance(Duration::from_secs(61));
    as_ada.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
}

#[tokio::test]
async fn it_ends_with_the_admins_session_rights_and_account() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let root = app.admin().await;
    let endings: [(&str, &str); 5] = [
        ("POST", "/v1/auth/logout"),
        ("DELETE", "/v1/sessions"),
        ("sql", "update annex.users set roles = '{}' where email = 'second@example.com'"),
        ("sql", "update annex.users set disabled = true where email = 'second@example.com'"),
        ("sql", "delete from annex.users where email = 'second@example.com'"),
    ];
    for (method, what) in endings {
        let second =
            json!({"email": "second@example.com", "password": "seven quiet otters", "roles": ["admin"]});
        root.post("/v1/users", second).await.expect_status(201);
        let tokens = login(&app, "second@example.com", "seven quiet otters").await.expect_status(200).json();
        let second = app.anonymous().signed_in(&tokens).as_admin();
        let (as_ada, _) = acting(&app, &second, &ada).await;
        as_ada.get("/v1/auth/me").await.expect_status(200);
        assert_eq!(ada.get("/v1/sessions").await.items().len(), 2, "{what}");
        match method {
            "POST" => drop(second.request("POST", what).await.expect_status(204)),
            // Ends all sessions but the one that asks.
            "DELETE" => {
                let tokens = login(&app, "second@example.com", "seven quiet otters").await.json();
                app.anonymous().signed_in(&tokens).delete(what).await.expect_status(204);
            }
            _ => {
                app.sql(what).await;
                app.eventually("the change counts", || async {
                    as_ada.get("/v1/auth/me").await.status == 401
                })
                .await;
            }
        }
        as_ada.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
        ada.get("/v1/auth/me").await.expect_status(200);
        app.sql("delete from annex.users where email = 'second@example.com'").await;
        assert_eq!(ada.get("/v1/sessions").await.items().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn the_account_the_admin_and_the_token_itself_can_end_it() {
    let app = TestApp::start().await;
    let (admin, ada, bob) = (app.admin().await, app.user("ada").await, app.user("bob").await);
    for ends in ["ada", "admin", "itself"] {
        let (as_ada, session) = acting(&app, &admin, &ada).await;
        as_ada.get("/v1/auth/me").await.expect_status(200);
        let path = format!("/v1/sessions/{session}");
        bob.delete(&path).await.expect_problem("not_found");
        as_ada.get("/v1/auth/me").await.expect_status(200);
        match ends {
            "ada" => ada.delete(&path).await.expect_status(204),
            "admin" => admin.delete(&path).await.expect_status(204),
            _ => as_ada.request("POST", "/v1/auth/logout").await.expect_status(204),
        };
        as_ada.get("/v1/auth/me").await.expect_status(401);
        assert_eq!(ada.get("/v1/sessions").await.items().len(), 1);
    }
    admin.get("/v1/auth/me").await.expect_status(200);
}

#[tokio::test]
async fn who_acts_as_an_account_cannot_take_it_over_or_go_on_to_another() {
    let app = TestApp::start().await;
    let (admin, ada, bob) = (app.admin().await, app.user("ada").await, app.user("bob").await);
    let (as_ada, _) = acting(&app, &admin, &ada).await;
    let change = json!({"current_password": "seven quiet otters", "new_password": "eleven loud herons"});
    as_ada.post("/v1/auth/password", change).await.expect_problem("forbidden");
    as_ada.delete("/v1/sessions").await.expect_problem("forbidden");
    let own = ada.get("/v1/sessions").await.items().into_iter().find(|session| session["current"] == true);
    let own = own.unwrap()["id"].as_str().unwrap().to_owned();
    as_ada.delete(&format!("/v1/sessions/{own}")).await.expect_problem("forbidden");
    ada.get("/v1/auth/me").await.expect_status(200);
    let onwards = format!("/v1/users/{}/impersonate", bob.id());
    as_ada.request("POST", &onwards).await.expect_problem("forbidden");

    // Ada becomes an admin meanwhile: who acts as her does not.
    app.sql("update annex.users set roles = '{admin, editor}' where email = 'ada@example.com'").await;
    app.eventually("Ada is an admin", || async { ada.get("/v1/users/nobody").await.status == 404 }).await;
    for path in [onwards, format!("/v1/users/{}/impersonate", ada.id())] {
        as_ada.request("POST", &path).await.expect_problem("forbidden");
    }
    as_ada.get("/v1/users").await.expect_problem("forbidden");
    as_ada
        .patch(&format!("/v1/users/{}", ada.id()), json!({"password": "eleven loud herons"}))
        .await
        .expect_status(403);
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
    assert_eq!(
        app.sql_value("select count(*) from annex.sessions where parent_id is not null").await.unwrap(),
        "1"
    );
}

#[tokio::test]
async fn only_admins_may_and_not_as_everybody() {
    let app = TestApp::start().await;
    let (admin, ada, bob) = (app.admin().await, app.user("ada").await, app.user("bob").await);
    let path = format!("/v1/users/{}/impersonate", ada.id());
    app.anonymous().request("POST", &path).await.expect_status(401).expect_unsaid(&["access_token"]);
    bob.request("POST", &path).await.expect_status(403).expect_unsaid(&["access_token"]);
    ada.request("POST", &path).await.expect_problem("forbidden");
    for missing in ["0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "nonsense"] {
        let answer = admin.request("POST", &format!("/v1/users/{missing}/impersonate")).await;
        answer.expect_problem("not_found");
    }
    let own = format!("/v1/users/{}/impersonate", admin.id());
    admin.request("POST", &own).await.expect_problem("forbidden");
    admin.patch(&format!("/v1/users/{}", ada.id()), json!({"disabled": true})).await.expect_status(200);
    admin.request("POST", &path).await.expect_problem("conflict");
    assert_eq!(
        app.sql_value("select count(*) from annex.sessions where parent_id is not null").await.unwrap(),
        "0"
    );

    // Disabled after the token was made: it ends.
    let (as_bob, _) = acting(&app, &admin, &bob).await;
    as_bob.get("/v1/auth/me").await.expect_status(200);
    admin.patch(&format!("/v1/users/{}", bob.id()), json!({"disabled": true})).await.expect_status(200);
    as_bob.get("/v1/auth/me").await.expect_status(401);
}
