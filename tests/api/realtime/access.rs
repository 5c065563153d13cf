//! Who is told: rules, roles and sessions count from their own commit on.

use annex_tests::{Socket, TestApp};
use serde_json::json;

use super::{notes, titles};

#[tokio::test]
async fn each_is_told_what_the_rule_shows() {
    let app = TestApp::start().await;
    notes(&app).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let callers = [ada.clone(), bob.clone(), app.anonymous(), app.admin().await];
    let mut sockets = Vec::new();
    for caller in &callers {
        let mut socket = Socket::connect(&app, caller).await;
        socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
        sockets.push(socket);
    }
    app.rows(
        "notes",
        [
            json!({"title": "ada's", "owner": ada.id()}),
            json!({"title": "bob's", "owner": bob.id()}),
            json!({"title": "nobody's", "secret": "s"}),
            json!({"title": "everybody's", "public": true}),
        ],
    )
    .await;
    for (socket, expected) in sockets.iter_mut().zip([
        &["ada's", "everybody's"][..],
        &["bob's", "everybody's"],
        &["everybody's"],
        &["ada's", "bob's", "nobody's", "everybody's"],
    ]) {
        let events = socket.events(expected.len()).await;
        let expected: Vec<(&str, &str)> = expected.iter().map(|title| ("enter", *title)).collect();
        assert_eq!(titles(&events), expected);
    }
}

#[tokio::test]
async fn a_hidden_field_cannot_be_asked_about() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.user("ada").await).await;
    for wrong in [
        json!({"filter": "secret = \"s\""}),
        json!({"fields": ["title", "secret"]}),
        json!({"collection": "users"}),
        json!({"collection": "nothing"}),
    ] {
        let mut subscribe = json!({"op": "subscribe", "id": "n", "collection": "notes"});
        subscribe.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        socket.send(subscribe).await;
        let answer = socket.next().await;
        assert_eq!((&answer["op"], &answer["id"]), (&json!("error"), &json!("n")), "{answer}");
    }
}

#[tokio::test]
async fn a_rule_counts_from_its_commit_on() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql(
        "insert into notes (title, public) values ('before', true);
         begin;
         update annex.collections set view_rule = 'owner = @user.id' where name = 'notes';
         insert into notes (title, public) values ('with it', true);
         commit;
         insert into notes (title, public) values ('behind', true)",
    )
    .await;
    assert_eq!(titles(&socket.events(1).await), [("enter", "before")]);
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "n", "reason": "collection_changed"}));
    socket.silence().await;
}

#[tokio::test]
async fn a_role_counts_from_its_commit_on() {
    let app = TestApp::start().await;
    notes(&app).await;
    let admin = app.admin().await;
    let mut socket = Socket::connect(&app, &admin).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql(
        "insert into notes (title) values ('before');
         update annex.users set roles = '{}' where email = 'admin@example.com';
         insert into notes (title) values ('behind')",
    )
    .await;
    assert_eq!(titles(&socket.events(1).await), [("enter", "before")]);
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "n", "reason": "access_changed"}));
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql("insert into notes (title) values ('hidden'); insert into notes (title, public) values ('shown', true)")
        .await;
    assert_eq!(titles(&socket.events(1).await), [("enter", "shown")]);
}

#[tokio::test]
async fn a_change_of_an_account_that_matters_to_no_rule_loses_nothing() {
    let app = TestApp::start().await;
    notes(&app).await;
    let ada = app.user("ada").await;
    let mut socket = Socket::connect(&app, &ada).await;
    let (_, _) = socket.subscribe(json!({"id": "public", "collection": "notes", "filter": "public"})).await;
    let mut other = Socket::connect(&app, &app.anonymous()).await;
    other.subscribe(json!({"id": "n", "collection": "notes"})).await;
    for number in 0..20 {
        app.sql(&format!(
            "insert into notes (title, public) values ('{number}', true);
             update annex.sessions set expires_at = expires_at + interval '1 s'"
        ))
        .await;
    }
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for socket in [&mut socket, &mut other] {
        let events = socket.events(20).await;
        let told: Vec<&str> = titles(&events).into_iter().map(|(_, title)| title).collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_session_that_ends_takes_its_sockets_along() {
    let app = TestApp::start().await;
    notes(&app).await;
    for (name, end) in [
        (
            "eve",
            "update annex.sessions set revoked_at = now() where user_id = (select id from annex.users where email = 'eve@example.com')",
        ),
        ("mallory", "update annex.users set disabled = true where email = 'mallory@example.com'"),
        ("trudy", "delete from annex.users where email = 'trudy@example.com'"),
    ] {
        let user = app.user(name).await;
        let mut socket = Socket::connect(&app, &user).await;
        socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
        app.sql(&format!("{end}; insert into notes (title, public) values ('behind', true)")).await;
        let told = socket.next().await;
        assert_eq!(
            (&told["op"], &told["code"]),
            (&json!("error"), &json!("invalid_token")),
            "{name}: {told}"
        );
        assert_eq!(socket.goodbye().await, 4401, "{name}");
    }
}

#[tokio::test]
async fn a_role_that_alone_opens_a_collection_closes_it_again() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "drafts",
        "realtime": true,
        "fields": [{"name": "title", "type": "text"}],
        "rules": {"view": "\"editor\" in @user.roles"}
    }))
    .await;
    let ada = app.user("ada").await;
    let give = "update annex.users set roles = '{editor}' where email = 'ada@example.com'";
    let take = "update annex.users set roles = '{}' where email = 'ada@example.com'";
    let mut socket = Socket::connect(&app, &ada).await;
    let (_, cursor) = socket.subscribe(json!({"id": "d", "collection": "drafts"})).await;
    app.rows("drafts", [json!({"title": "unseen"})]).await;
    app.sql(give).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "d", "reason": "access_changed"}));
    let (told, _) = socket.subscribe(json!({"id": "d", "collection": "drafts", "snapshot": true})).await;
    assert_eq!(told[0]["records"][0]["title"], "unseen");
    app.sql(take).await;
    app.rows("drafts", [json!({"title": "behind"})]).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "d", "reason": "access_changed"}));
    socket.silence().await;
    // Also whoever was away meanwhile is told to begin anew.
    socket.send(json!({"op": "subscribe", "id": "d", "collection": "drafts", "after": cursor})).await;
    assert_eq!(socket.next().await, json!({"op": "resync", "id": "d", "reason": "access_changed"}));
}

#[tokio::test]
async fn a_rule_that_changed_while_nobody_was_there_is_a_reason_to_begin_anew() {
    let app = TestApp::start().await;
    notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, cursor) = socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    drop(socket);
    app.sql("update annex.collections set view_rule = 'owner = @user.id' where name = 'notes'").await;
    app.schema_seen(|snapshot| {
        let rule = snapshot.table("notes").and_then(|table| table.collection.rules.view.clone());
        rule.as_deref() == Some("owner = @user.id")
    })
    .await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    // The log is read a moment later than the rule is known.
    let mut told = json!(null);
    for _ in 0..100 {
        socket.send(json!({"op": "subscribe", "id": "n", "collection": "notes", "after": cursor})).await;
        told = socket.next().await;
        if told["op"] == "resync" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(told, json!({"op": "resync", "id": "n", "reason": "collection_changed"}));
}
