//! Rules that look into other collections.

use annex_tests::{Socket, TestApp};
use serde_json::json;

use super::titles;

/// Messages in rooms, which the members of a room see; and all of them see what an open room has.
async fn rooms(app: &TestApp) {
    let relation = |to: &str| json!({"name": to.trim_end_matches('s'), "type": "relation", "collection": to});
    app.collection(json!({
        "name": "rooms", "realtime": true, "fields": [{"name": "open", "type": "bool", "default": false}]
    }))
    .await;
    app.collection(
        json!({"name": "members", "realtime": true, "fields": [relation("rooms"), relation("users")]}),
    )
    .await;
    app.collection(json!({
        "name": "messages",
        "realtime": true,
        "fields": [relation("rooms"), {"name": "title", "type": "text"}],
        "rules": {"view": "exists(members, room = $.room and user = @user.id) or room.open"}
    }))
    .await;
}

#[tokio::test]
async fn members_are_told_and_whoever_comes_or_goes_begins_anew() {
    let app = TestApp::start().await;
    rooms(&app).await;
    let (admin, ada, bob) = (app.admin().await, app.user("ada").await, app.user("bob").await);
    let rooms = app.rows("rooms", [json!({}), json!({}), json!({"open": true})]).await;
    let room = |place: usize| rooms[place]["id"].as_str().unwrap();
    let members = app
        .rows(
            "members",
            [json!({"room": room(0), "user": ada.id()}), json!({"room": room(1), "user": bob.id()})],
        )
        .await;
    let mut sockets = Vec::new();
    for user in [&ada, &bob] {
        let mut socket = Socket::connect(&app, user).await;
        let (told, _) =
            socket.subscribe(json!({"id": "m", "collection": "messages", "snapshot": true})).await;
        assert_eq!(told[0]["records"], json!([]));
        sockets.push(socket);
    }
    let say = async |place: usize, title: &str| {
        app.rows("messages", [json!({"room": room(place), "title": title})]).await;
    };
    say(0, "to ada").await;
    say(1, "to bob").await;
    say(2, "to all").await;
    assert_eq!(titles(&sockets[0].events(2).await), [("enter", "to ada"), ("enter", "to all")]);
    assert_eq!(titles(&sockets[1].events(2).await), [("enter", "to bob"), ("enter", "to all")]);

    // Bob joins; to ada it does not matter.
    app.rows("members", [json!({"room": room(0), "user": bob.id()})]).await;
    assert_eq!(sockets[1].next().await, json!({"op": "resync", "id": "m", "reason": "access_changed"}));
    let (told, cursor) =
        sockets[1].subscribe(json!({"id": "m", "collection": "messages", "snapshot": true})).await;
    assert_eq!(told[0]["records"].as_array().unwrap().len(), 3);
    say(0, "to both").await;
    for socket in &mut sockets {
        assert_eq!(titles(&socket.events(1).await), [("enter", "to both")]);
    }

    // Ada is thrown out: behind that commit she is told nothing.
    app.sql(&format!(
        "delete from members where id = '{}'; insert into messages (room, title) values ('{}', 'behind')",
        members[0]["id"].as_str().unwrap(),
        room(0)
    ))
    .await;
    assert_eq!(sockets[0].next().await, json!({"op": "resync", "id": "m", "reason": "access_changed"}));
    sockets[0].silence().await;
    assert_eq!(titles(&sockets[1].events(1).await), [("enter", "behind")]);
    // Whoever was away while nothing of it mattered goes on; else not.
    let (told, _) =
        sockets[1].subscribe(json!({"id": "again", "collection": "messages", "after": cursor})).await;
    assert_eq!(told.len(), 2);
    admin.patch(&format!("/v1/records/rooms/{}", room(1)), json!({"open": true})).await.expect_status(200);
    for _ in 0..2 {
        assert_eq!(sockets[1].next().await["reason"], "access_changed");
    }
    sockets[1].send(json!({"op": "subscribe", "id": "m", "collection": "messages", "after": cursor})).await;
    assert_eq!(sockets[1].next().await, json!({"op": "resync", "id": "m", "reason": "access_changed"}));
}

#[tokio::test]
async fn nobody_sees_with_the_eyes_of_an_admin() {
    let app = TestApp::start().await;
    let name = json!({"name": "name", "type": "text"});
    app.collection(json!({"name": "codes", "realtime": true, "fields": [name.clone()]})).await;
    app.collection(json!({
        "name": "things", "realtime": true, "fields": [name], "rules": {"list": "", "view": ""}
    }))
    .await;
    app.rows("codes", [json!({"name": "secret"})]).await;
    let mut sockets = Vec::new();
    for client in [&app.admin().await, &app.anonymous()] {
        let mut socket = Socket::connect(&app, client).await;
        let filter = "exists(codes, name = $.name)";
        socket.subscribe(json!({"id": "t", "collection": "things", "filter": filter})).await;
        sockets.push(socket);
    }
    app.rows("things", [json!({"name": "secret"})]).await;
    assert_eq!(sockets[0].events(1).await.len(), 1);
    sockets[1].silence().await;
}

#[tokio::test]
async fn what_a_rule_looks_into_must_be_told_of_too() {
    let app = TestApp::start().await;
    rooms(&app).await;
    let ada = app.user("ada").await;
    app.admin().await.patch("/v1/collections/members", json!({"realtime": false})).await.expect_status(200);
    let mut socket = Socket::connect(&app, &ada).await;
    socket.send(json!({"op": "subscribe", "id": "m", "collection": "messages"})).await;
    let refused = socket.next().await;
    assert_eq!(
        (&refused["code"], &refused["hint"]),
        (&json!("not_live"), &json!("Turn realtime on for `members` too"))
    );
}

#[tokio::test]
async fn what_the_database_alone_decides_says_so() {
    let app = TestApp::start().await;
    rooms(&app).await;
    let mut socket = Socket::connect(&app, &app.admin().await).await;
    let filter = "lower(title) = \"a\"";
    socket.send(json!({"op": "subscribe", "id": "m", "collection": "messages", "filter": filter})).await;
    assert_eq!(socket.next().await["code"], "not_live");
}
