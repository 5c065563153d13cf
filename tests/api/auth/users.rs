//! `/v1/users`

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{NEVER, login};

#[tokio::test]
async fn accounts_are_for_admins() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let own = format!("/v1/users/{}", ada.id());
    for (client, status) in [(app.anonymous(), 401), (ada, 403)] {
        client.get("/v1/users").await.expect_status(status).expect_unsaid(&["items"]);
        client
            .post("/v1/users", json!({"email": "x@example.com", "roles": ["admin"]}))
            .await
            .expect_status(status);
        client.get(&own).await.expect_status(status).expect_unsaid(&["ada@example.com"]);
        client.patch(&own, json!({"roles": ["admin"]})).await.expect_status(status);
        client.delete(&own).await.expect_status(status);
        // Who is calling is asked before the body is read.
        let broken = client.request("POST", "/v1/users").body("application/json", "{");
        broken.await.expect_status(status);
    }
    assert_eq!(
        app.sql_value("select count(*) from annex.users where roles <> '{}'").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn an_account_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let body = json!({"email": "bob@example.com", "password": "seven quiet otters", "roles": ["editor", "editor"], "verified": true});
    let made = admin.post("/v1/users", body).await.expect_status(201).expect_unsaid(NEVER);
    let bob = made.json();
    assert_eq!(bob["roles"], json!(["editor"]));
    let path = format!("/v1/users/{}", bob["id"].as_str().unwrap());
    let made = made.expect_header("location", &path);
    assert_eq!(admin.get(&path).await.expect_status(200).expect_unsaid(NEVER).json(), made.json());

    let change = json!({"display_name": "Bob", "email": "bobby@example.com"});
    let changed = admin.patch(&path, change).await.expect_status(200).expect_unsaid(NEVER).json();
    assert_eq!((&changed["display_name"], &changed["email"]), (&json!("Bob"), &json!("bobby@example.com")));
    assert_eq!(changed["roles"], json!(["editor"]), "what is not named stays");
    assert_eq!(changed["verified"], json!(false), "nothing is known of the new address");
    let changed = admin.patch(&path, json!({"verified": true})).await.expect_status(200).json();
    assert_eq!(changed["verified"], json!(true));
    let changed = admin.patch(&path, json!({"display_name": null})).await.expect_status(200).json();
    assert_eq!(changed["display_name"], Value::Null);
    login(&app, "bobby@example.com", "seven quiet otters").await.expect_status(200);

    admin.delete(&path).await.expect_status(204);
    admin.get(&path).await.expect_status(404).expect_problem("not_found");
    admin.delete(&path).await.expect_status(404);
    admin.patch(&path, json!({"verified": true})).await.expect_status(404);
    admin.get("/v1/users/nonsense").await.expect_status(404);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = format!("/v1/users/{}", ada.id());
    for (body, pointer) in [
        (json!({"email": "nonsense"}), "/email"),
        (json!({"email": null}), "/email"),
        (json!({"password": "short"}), "/password"),
        (json!({"password": "ada@example.com"}), "/password"),
        (json!({"roles": ["fine", "Not Fine"]}), "/roles/1"),
        (json!({"roles": null}), "/roles"),
        (json!({"disabled": "yes"}), "/disabled"),
        (json!({"display_name": "a\nb"}), "/display_name"),
        (json!({"id": "01a2061b-badb-741c-bdbb-1b78dd83a593"}), "/id"),
        (json!({"password_hash": "x"}), "/password_hash"),
        (json!({"created_at": "2020-01-01T00:00:00Z"}), "/created_at"),
    ] {
        let answer = admin.patch(&path, body.clone()).await.expect_status(422);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, pointer, "{body}");
    }
    let taken = admin.patch(&path, json!({"email": "ADMIN@example.com"})).await.expect_status(409);
    taken.expect_problem("email_taken");
}

#[tokio::test]
async fn pages_follow_one_another_and_their_cursors_are_signed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for i in 0..6 {
        let body = json!({"email": format!("user{i}@example.com"), "display_name": format!("Number {i}")});
        admin.post("/v1/users", body).await.expect_status(201);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/users?limit=3".to_owned();
    loop {
        let page = admin.get(&path).await.expect_status(200).expect_unsaid(NEVER);
        seen.extend(page.items().iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        let page = page.json();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/users?limit=3&cursor={cursor}");
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen[0], "user5@example.com", "the newest first");
    assert_eq!(seen[6], "admin@example.com");

    let cursor = path.rsplit_once('=').unwrap().1;
    let other = if cursor.starts_with('A') { 'B' } else { 'A' };
    for forged in ["", "x", &format!("{cursor}A"), &format!("{other}{}", &cursor[1..])] {
        let answer = admin.get(&format!("/v1/users?cursor={forged}")).await.expect_status(400);
        answer.expect_problem("invalid_cursor");
    }
    let other_list = admin.get(&format!("/v1/users?search=user&cursor={cursor}")).await.expect_status(400);
    other_list.expect_problem("invalid_cursor");
    for limit in ["0", "1001", "-1", "x", ""] {
        let answer = admin.get(&format!("/v1/users?limit={limit}")).await.expect_status(400);
        answer.expect_problem("invalid_parameter");
    }
    let uncounted = admin.get("/v1/users?limit=1").await.expect_unsaid(&["\"count\""]);
    assert_eq!(uncounted.items().len(), 1);
    let counted = admin.get("/v1/users?limit=1&search=user").header("prefer", "count=exact").await;
    assert_eq!(counted.expect_header("preference-applied", "count=exact").json()["count"], 6);
    assert_eq!(admin.get("/v1/users?search=USER3").await.items().len(), 1);
    assert_eq!(admin.get("/v1/users?search=number").await.items().len(), 6);
    assert_eq!(admin.get("/v1/users?search=%25").await.items().len(), 0, "nothing is a pattern");
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = format!("/v1/users/{}", admin.id());
    admin.delete(&path).await.expect_status(409).expect_problem("conflict");
    admin.patch(&path, json!({"disabled": true})).await.expect_status(409).expect_problem("conflict");
    admin.patch(&path, json!({"roles": ["editor"]})).await.expect_status(409).expect_problem("conflict");
    admin.patch(&path, json!({"roles": ["admin", "editor"]})).await.expect_status(200);
    admin.patch(&path, json!({"display_name": "Root"})).await.expect_status(200);
    // An admin who cannot sign in is none.
    let ada = app.user("ada").await;
    admin
        .patch(&format!("/v1/users/{}", ada.id()), json!({"roles": ["admin"], "disabled": true}))
        .await
        .expect_status(200);
    admin.delete(&path).await.expect_status(409);
    let unable = json!({"email": "eve@example.com", "roles": ["admin"]});
    admin.post("/v1/users", unable).await.expect_status(201);
    admin.delete(&path).await.expect_status(409);
    admin.patch(&path, json!({"disabled": true})).await.expect_status(409);
}

#[tokio::test]
async fn two_admins_who_remove_each_other_leave_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for round in 0..5 {
        let other = app.user(&format!("other{round}")).await;
        let other_path = format!("/v1/users/{}", other.id());
        admin.patch(&other_path, json!({"roles": ["admin"]})).await.expect_status(200);
        let other = other.as_admin();
        let own_path = format!("/v1/users/{}", admin.id());
        let (first, second) = tokio::join!(
            other.patch(&own_path, json!({"roles": []})).undocumented().into_future(),
            admin.patch(&other_path, json!({"disabled": true})).undocumented().into_future(),
        );
        let done = [&first, &second].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{first}\n{second}");
        let left = "select count(*) from annex.users where 'admin' = any (roles) and not disabled";
        assert_eq!(app.sql_value(left).await.as_deref(), Some("1"));
        app.sql(
            "update annex.users set roles = '{admin}', disabled = false where email = 'admin@example.com'",
        )
        .await;
        app.sql("update annex.users set roles = '{}' where email <> 'admin@example.com'").await;
        app.eventually("the admin is one again", || async {
            admin.get("/v1/users").undocumented().await.status == 200
        })
        .await;
    }
}
