//! `/v1/channels`, `/v1/broadcasts`, and what clients say on topics.

use std::time::Duration;

use annex_tests::{Socket, TestApp};
use serde_json::{Value, json};

/// Rooms in which their members talk.
async fn rooms(app: &TestApp) {
    app.collection(json!({
        "name": "members",
        "realtime": true,
        "fields": [{"name": "room", "type": "uuid"}, {"name": "user", "type": "relation", "collection": "users"}],
    }))
    .await;
    let member = "exists(members, room = $.room and user = @user.id)";
    declare(app, json!({"name": "rooms", "topic": "room:{room}", "rules": {"join": member, "send": member}}))
        .await;
}

const ROOM: &str = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";

fn room() -> String {
    format!("room:{ROOM}")
}

async fn declare(app: &TestApp, spec: Value) -> Value {
    app.admin().await.post("/v1/channels", spec).await.expect_status(201).json()
}

/// A channel on which everybody may talk.
async fn lobby(app: &TestApp) {
    declare(app, json!({"name": "lobby", "topic": "lobby", "rules": {"join": "", "send": ""}})).await;
}

#[tokio::test]
async fn what_one_says_all_are_told_who_have_joined() {
    let app = TestApp::start().await;
    lobby(&app).await;
    let ada = app.user("ada").await;
    let mut hers = Socket::connect(&app, &ada).await;
    let mut other = Socket::connect(&app, &app.anonymous()).await;
    let mut elsewhere = Socket::connect(&app, &app.anonymous()).await;
    for socket in [&mut hers, &mut other] {
        socket.join(json!({"topic": "lobby"})).await;
    }
    let payload = json!({"text": "hällo\n", "numbers": [1, 2.5, -3e10], "nothing": null});
    hers.send(json!({"op": "broadcast", "topic": "lobby", "payload": payload, "id": "1"})).await;
    let told = other.next().await;
    assert_eq!(
        (&told["op"], &told["topic"], &told["payload"], &told["sender"]),
        (&json!("broadcast"), &json!("lobby"), &payload, &json!(ada.id()))
    );
    let mut mine = [hers.next().await, hers.next().await];
    mine.sort_by_key(|message| message["op"] == "sent");
    assert_eq!((&mine[0], &mine[1]), (&told, &json!({"op": "sent", "id": "1"})));
    // A client that has not joined may say something too, and nobody's client has no sender.
    elsewhere.send(json!({"op": "broadcast", "topic": "lobby", "payload": "hi"})).await;
    let told = hers.next().await;
    assert_eq!((&told["payload"], told.get("sender")), (&json!("hi"), None));
    elsewhere.silence().await;
    assert_eq!(other.said(1).await, ["hi"]);
    hers.send(json!({"op": "leave", "topic": "lobby"})).await;
    assert_eq!(hers.next().await, json!({"op": "left", "topic": "lobby"}));
    elsewhere.send(json!({"op": "broadcast", "topic": "lobby", "payload": 2})).await;
    assert_eq!(other.said(1).await, [2]);
    hers.silence().await;
}

#[tokio::test]
async fn rules_say_who_joins_and_who_says_something() {
    let app = TestApp::start().await;
    rooms(&app).await;
    declare(&app, json!({"name": "own", "topic": "user:{user}", "rules": {"join": "user = @user.id"}})).await;
    let (ada, bob, admin) = (app.user("ada").await, app.user("bob").await, app.admin().await);
    app.rows("members", [json!({"room": ROOM, "user": ada.id()})]).await;
    let room = room();
    let own = format!("user:{}", ada.id());
    for (caller, topic, joins, says) in [
        (&ada, room.as_str(), true, true),
        (&ada, "room:0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e80", false, false),
        (&ada, "room:nonsense", false, false),
        (&ada, own.as_str(), true, false),
        (&bob, room.as_str(), false, false),
        (&bob, own.as_str(), false, false),
        (&app.anonymous(), own.as_str(), false, false),
        (&admin, own.as_str(), true, true),
        (&admin, room.as_str(), true, true),
    ] {
        let mut socket = Socket::connect(&app, caller).await;
        socket.send(json!({"op": "join", "topic": topic})).await;
        let answer = socket.next().await;
        let expected = if joins { "joined" } else { "error" };
        assert_eq!((&answer["op"], &answer["topic"]), (&json!(expected), &json!(topic)), "{answer}");
        socket.send(json!({"op": "leave", "topic": topic})).await;
        let mut answer = socket.next().await;
        if answer["op"] == "presence" {
            // An admin may see who is there.
            answer = socket.next().await;
        }
        assert_eq!(answer["op"], "left");
        socket.send(json!({"op": "broadcast", "topic": topic, "payload": 1, "id": "x"})).await;
        let answer = socket.next().await;
        assert_eq!(
            (&answer["op"], &answer["id"]),
            (&json!(if says { "sent" } else { "error" }), &json!("x")),
            "{topic}"
        );
        let posted = caller.post("/v1/broadcasts", json!({"topic": topic, "payload": 1})).await;
        if says {
            posted.expect_status(204);
        } else {
            posted.expect_problem("forbidden");
        }
    }
    let mut socket = Socket::connect(&app, &admin).await;
    for (op, topic) in [("join", "nothing"), ("broadcast", "room"), ("join", "room:a:b")] {
        let mut message = json!({"op": op, "topic": topic});
        if op == "broadcast" {
            message["payload"] = json!(1);
        }
        socket.send(message).await;
        let refused = socket.next().await;
        assert_eq!((&refused["code"], &refused["topic"]), (&json!("not_found"), &json!(topic)));
    }
}

#[tokio::test]
async fn whoever_is_thrown_out_is_told_nothing_behind_that_commit() {
    let app = TestApp::start().await;
    rooms(&app).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let rows = [json!({"room": ROOM, "user": ada.id()}), json!({"room": ROOM, "user": bob.id()})];
    let members = app.rows("members", rows).await;
    let room = room();
    let mut sockets = Vec::new();
    for user in [&ada, &bob] {
        let mut socket = Socket::connect(&app, user).await;
        socket.join(json!({"topic": room})).await;
        sockets.push(socket);
    }
    app.sql(&format!(
        "select annex.broadcast('{room}', '\"before\"');
         begin;
         delete from members where id = '{}';
         select annex.broadcast('{room}', '\"with it\"');
         commit;
         select annex.broadcast('{room}', '\"behind\"')",
        members[0]["id"].as_str().unwrap()
    ))
    .await;
    assert_eq!(sockets[0].said(1).await, ["before"]);
    assert_eq!(sockets[0].next().await, json!({"op": "left", "topic": room, "reason": "access_changed"}));
    sockets[0].silence().await;
    assert_eq!(sockets[1].said(3).await, ["before", "with it", "behind"]);
    sockets[0].send(json!({"op": "broadcast", "topic": room, "payload": 1})).await;
    assert_eq!(sockets[0].next().await["code"], "forbidden");
    // Whoever comes back may join again.
    app.rows("members", [json!({"room": ROOM, "user": ada.id()})]).await;
    app.eventually("ada may join again", || async {
        let mut socket = Socket::connect(&app, &ada).await;
        socket.send(json!({"op": "join", "topic": room})).await;
        socket.next().await["op"] == "joined"
    })
    .await;
}

#[tokio::test]
async fn a_rule_a_role_and_a_channel_count_from_their_commit_on() {
    let app = TestApp::start().await;
    let rules = json!({"join": "\"staff\" in @user.roles or topic = \"open\"", "send": ""});
    declare(&app, json!({"name": "talk", "topic": "talk:{topic}", "rules": rules})).await;
    let ada = app.user("ada").await;
    app.sql("update annex.users set roles = '{staff}' where email = 'ada@example.com'").await;
    let mut hers = Socket::connect(&app, &ada).await;
    let mut other = Socket::connect(&app, &app.anonymous()).await;
    hers.join(json!({"topic": "talk:staff"})).await;
    for socket in [&mut hers, &mut other] {
        socket.join(json!({"topic": "talk:open"})).await;
    }
    let say = |topic: &str, what: &str| format!("select annex.broadcast('talk:{topic}', '\"{what}\"');");
    // A change that takes nothing away loses nothing.
    for number in 0..10 {
        let change = "update annex.users set display_name = 'Ada' where email = 'ada@example.com';";
        app.sql(&format!("{change} {}", say("staff", &number.to_string()))).await;
    }
    let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    assert_eq!(hers.said(10).await, expected);
    let role = "update annex.users set roles = '{}' where email = 'ada@example.com';";
    app.sql(&format!("{role} {} {}", say("staff", "secret"), say("open", "all"))).await;
    let mut told = [hers.next().await, hers.next().await];
    told.sort_by_key(|message| message["op"] == "left");
    assert_eq!(told[0]["payload"], "all");
    assert_eq!(told[1], json!({"op": "left", "topic": "talk:staff", "reason": "access_changed"}));
    assert_eq!(other.said(1).await, ["all"]);
    let rule = "update annex.channels set join_rule = '@user.id != null';";
    app.sql(&format!("{} {rule} {}", say("open", "before"), say("open", "behind"))).await;
    assert_eq!(hers.said(2).await, ["before", "behind"]);
    assert_eq!(other.said(1).await, ["before"]);
    assert_eq!(other.next().await, json!({"op": "left", "topic": "talk:open", "reason": "access_changed"}));
    app.admin().await.delete("/v1/channels/talk").await.expect_status(204);
    assert_eq!(hers.next().await, json!({"op": "left", "topic": "talk:open", "reason": "channel_changed"}));
    other.silence().await;
}

#[tokio::test]
async fn what_is_said_and_what_is_written_have_one_order() {
    let app = TestApp::start().await;
    lobby(&app).await;
    super::notes(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.join(json!({"topic": "lobby"})).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    app.sql(
        "begin;
         select annex.broadcast('lobby', '1');
         insert into notes (title, public) values ('2', true);
         select annex.broadcast('lobby', '3');
         commit;
         begin;
         select annex.broadcast('lobby', '\"never\"');
         rollback;
         insert into notes (title, public) values ('4', true)",
    )
    .await;
    let mut told = Vec::new();
    for _ in 0..4 {
        let next = socket.next().await;
        told.push(if next["op"] == "event" {
            next["record"]["title"].clone()
        } else {
            next["payload"].clone()
        });
    }
    assert_eq!(told, [json!(1), json!("2"), json!(3), json!("4")]);
    socket.silence().await;
}

#[tokio::test]
async fn whoever_was_away_is_told_what_was_said() {
    let app = TestApp::start().await;
    lobby(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (_, cursor) = socket.join(json!({"topic": "lobby"})).await;
    drop(socket);
    for number in 0..5 {
        app.anonymous()
            .post("/v1/broadcasts", json!({"topic": "lobby", "payload": number}))
            .await
            .expect_status(204);
    }
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (mut told, _) = socket.join(json!({"topic": "lobby", "after": cursor})).await;
    // The log may be read a moment later.
    while told.len() < 5 {
        told.push(socket.next().await);
    }
    assert_eq!(told.iter().map(|said| &said["payload"]).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let (third, later) = (told[2]["cursor"].clone(), told[4]["cursor"].clone());
    socket.send(json!({"op": "leave", "topic": "lobby"})).await;
    socket.next().await;
    let (before, _) = socket.join(json!({"topic": "lobby", "after": third})).await;
    assert_eq!(before.iter().map(|said| &said["payload"]).collect::<Vec<_>>(), [3, 4]);
    let (before, _) = socket.join(json!({"topic": "lobby", "after": later})).await;
    assert!(before.is_empty());
    for (after, expected) in [
        (json!("00000000-1-1"), json!({"op": "left", "topic": "lobby", "reason": "log_lost"})),
        (json!("nonsense"), json!("invalid_cursor")),
    ] {
        socket.send(json!({"op": "join", "topic": "lobby", "after": after})).await;
        let told = socket.next().await;
        assert!(told == expected || told["code"] == expected, "{told}");
    }
    // A rule that changed meanwhile is a reason to begin anew.
    app.admin().await.patch("/v1/channels/lobby", json!({"rules": {"send": null}})).await.expect_status(200);
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.send(json!({"op": "join", "topic": "lobby", "after": later})).await;
    assert_eq!(socket.next().await, json!({"op": "left", "topic": "lobby", "reason": "channel_changed"}));
}

#[tokio::test]
async fn channels_are_declared_read_changed_and_forgotten() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spec = json!({"name": "rooms", "topic": "room:{room}", "rules": {"join": ""}});
    let made = admin.post("/v1/channels", spec.clone()).await.expect_status(201);
    assert_eq!(made.header("location"), Some("/v1/channels/rooms"));
    let tag = made.header("etag").unwrap().to_owned();
    let channel: Value = made.json();
    assert_eq!(channel["rules"], json!({"join": "", "send": null, "presence": null}));
    let read = admin.get("/v1/channels/rooms").await.expect_status(200);
    assert_eq!((read.header("etag"), read.json()), (Some(tag.as_str()), channel.clone()));
    assert_eq!(admin.get("/v1/channels").await.expect_status(200).json()["items"], json!([channel]));
    admin.post("/v1/channels", spec).await.expect_problem("not_unique");
    let same = json!({"name": "others", "topic": "room:{other}"});
    let refused = admin.post("/v1/channels", same).await;
    refused.expect_problem("not_unique");
    let changed = admin
        .patch("/v1/channels/rooms", json!({"rules": {"send": "@user.verified"}}))
        .header("if-match", &tag)
        .await
        .expect_status(200);
    assert_eq!(changed.json()["rules"], json!({"join": "", "send": "@user.verified", "presence": null}));
    admin
        .patch("/v1/channels/rooms", json!({"topic": "x"}))
        .header("if-match", &tag)
        .await
        .expect_problem("precondition_failed");
    admin.delete("/v1/channels/rooms").header("if-match", &tag).await.expect_problem("precondition_failed");
    app.user("ada").await.get("/v1/channels").await.expect_problem("forbidden");
    app.anonymous()
        .post("/v1/channels", json!({"name": "a", "topic": "a"}))
        .await
        .expect_problem("unauthenticated");
    admin.delete("/v1/channels/rooms").await.expect_status(204);
    admin.get("/v1/channels/rooms").await.expect_problem("not_found");
}

#[tokio::test]
async fn what_is_no_channel_says_why() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "quiet", "fields": [{"name": "room", "type": "text"}]})).await;
    for (wrong, pointer) in [
        (json!({"name": "No", "topic": "a"}), "/name"),
        (json!({"name": "a", "topic": "{a}"}), "/topic"),
        (json!({"name": "a", "topic": "a:{a}b"}), "/topic"),
        (json!({"name": "a", "topic": "a", "rules": {"join": "room = 1"}}), "/rules/join"),
        (json!({"name": "a", "topic": "a:{b}", "rules": {"send": "lower(b) = \"x\""}}), "/rules/send"),
        (
            json!({"name": "a", "topic": "a:{b}", "rules": {"presence": "exists(quiet, room = $.b)"}}),
            "/rules/presence",
        ),
        (json!({"name": "a", "topic": "a:{b}", "rules": {"join": "exists(users, id = $.b)"}}), "/rules/join"),
    ] {
        let refused = admin.post("/v1/channels", wrong.clone()).await;
        let problem = refused.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{wrong}: {problem:?}");
    }
}

#[tokio::test]
async fn what_is_said_is_bounded() {
    let app = TestApp::start().await;
    lobby(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.join(json!({"topic": "lobby"})).await;
    let large = "x".repeat(33_000);
    socket.send(json!({"op": "broadcast", "topic": "lobby", "payload": large, "id": "a"})).await;
    let refused = socket.next().await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("payload_too_large"), &json!("a")));
    app.anonymous()
        .post("/v1/broadcasts", json!({"topic": "lobby", "payload": large}))
        .await
        .expect_problem("payload_too_large");
    let fits = "y".repeat(32_000);
    socket.send(json!({"op": "broadcast", "topic": "lobby", "payload": fits})).await;
    assert_eq!(socket.said(1).await, [json!(fits)]);
    declare(&app, json!({"name": "many", "topic": "many:{n}", "rules": {"join": ""}})).await;
    for number in 0..99 {
        if number % 20 == 19 {
            tokio::time::sleep(Duration::from_millis(1000)).await;
        }
        socket.join(json!({"topic": format!("many:{number}")})).await;
    }
    socket.send(json!({"op": "join", "topic": "many:more"})).await;
    assert_eq!(socket.next().await["code"], "too_many_requests");
}

#[tokio::test]
async fn who_does_not_read_is_let_go_and_the_others_are_told() {
    let app = TestApp::start().await;
    lobby(&app).await;
    let mut asleep = Socket::connect(&app, &app.anonymous()).await;
    let mut awake = Socket::connect(&app, &app.anonymous()).await;
    for socket in [&mut asleep, &mut awake] {
        socket.join(json!({"topic": "lobby"})).await;
    }
    let more =
        "select annex.broadcast('lobby', to_jsonb(repeat('x', 30000) || i)) from generate_series(1, 20) i";
    // Less at a time than may wait for the one that is awake.
    for _ in 0..60 {
        app.sql(more).await;
        awake.said(20).await;
    }
    app.eventually("the one that sleeps is let go", || async {
        app.inside().realtime.status().await.is_ok_and(|status| status.clients.connections == 1)
    })
    .await;
    let last = asleep.last_before_goodbye().await;
    assert_eq!((&last.0["code"], last.1), (&json!("slow_consumer"), 1008));
    app.sql("select annex.broadcast('lobby', '1')").await;
    assert_eq!(awake.said(1).await, [1]);
}

#[tokio::test]
async fn more_than_may_wait_at_once_is_told_whole_to_one_that_comes_back() {
    let app = TestApp::start().await;
    lobby(&app).await;
    let mut awake = Socket::connect(&app, &app.anonymous()).await;
    let (_, after) = awake.join(json!({"topic": "lobby"})).await;
    // Less at a time than may wait for the one that is awake.
    for first in (100..220).step_by(20) {
        let last = first + 19;
        app.sql(&format!(
            "select annex.broadcast('lobby', to_jsonb(i || repeat('x', 30000))) from generate_series({first}, {last}) i"
        ))
        .await;
        awake.said(20).await;
    }
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let (said, _) = socket.join(json!({"topic": "lobby", "after": after})).await;
    let numbers: Vec<String> =
        said.iter().map(|message| message["payload"].as_str().unwrap()[..3].to_owned()).collect();
    assert_eq!(numbers, (100..220).map(|number| number.to_string()).collect::<Vec<_>>());
    app.sql("select annex.broadcast('lobby', '1')").await;
    assert_eq!(socket.said(1).await, [1]);
}

#[tokio::test]
async fn a_batch_writes_and_says_so_together_or_not_at_all() {
    let app = TestApp::start().await;
    super::notes(&app).await;
    let rules = json!({"join": "", "send": "@user.id != null"});
    declare(&app, json!({"name": "news", "topic": "news", "rules": rules})).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    admin.patch("/v1/collections/notes", json!({"rules": {"create": ""}})).await.expect_status(200);
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.join(json!({"topic": "news"})).await;
    socket.subscribe(json!({"id": "n", "collection": "notes"})).await;
    let create = json!({"method": "create", "collection": "notes", "body": {"title": "a", "public": true}});
    let say = json!({"method": "broadcast", "topic": "news", "payload": {"note": {"$result": "0.id"}, "by": "ada"}});
    let answer = ada.post("/v1/batch", json!({"operations": [create, say]})).await.expect_status(200).json();
    assert_eq!(answer["results"][1], json!({"status": 204, "id": null}));
    let id = answer["results"][0]["id"].clone();
    assert_eq!(socket.events(1).await[0].1["id"], id);
    let told = socket.next().await;
    assert_eq!((&told["payload"], &told["sender"]), (&json!({"note": id, "by": "ada"}), &json!(ada.id())));
    for (operations, code, pointer) in [
        (json!([say]), "validation_failed", "/operations/0/payload/note"),
        (
            json!([create, {"method": "broadcast", "topic": "nothing", "payload": 1}]),
            "not_found",
            "/operations/1",
        ),
        (json!([{"method": "broadcast", "topic": "news"}]), "validation_failed", "/operations/0/payload"),
        (
            json!([{"method": "broadcast", "topic": "news", "payload": 1, "body": {}}]),
            "validation_failed",
            "/operations/0/body",
        ),
        (
            json!([{"method": "broadcast", "topic": "news", "payload": 1}, {"method": "create", "collection": "notes", "body": {}}]),
            "validation_failed",
            "/operations/1/body/title",
        ),
    ] {
        let problem = ada.post("/v1/batch", json!({"operations": operations})).await.expect_problem(code);
        assert_eq!(problem.errors[0].pointer, pointer, "{problem:?}");
    }
    let large = r#"{"operations": [{"method": "broadcast", "topic": "news", "payload": {"a": [1e400]}}]}"#;
    let refused = ada.request("POST", "/v1/batch").body("application/json", large).await;
    assert_eq!(refused.expect_problem("validation_failed").errors[0].pointer, "/operations/0/payload/a/0");
    let anonymous = json!({"operations": [{"method": "broadcast", "topic": "news", "payload": 1}]});
    app.anonymous().post("/v1/batch", anonymous).await.expect_problem("forbidden");
    socket.silence().await;
}
