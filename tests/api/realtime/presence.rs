//! Who is there on a topic.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use annex_tests::{Program, Socket, TestApp};
use serde_json::{Value, json};

/// A channel on which all who are signed in see one another.
async fn talk(app: &TestApp) {
    let rules = json!({"join": "", "send": "", "presence": "@user.id != null"});
    let spec = json!({"name": "talk", "topic": "talk:{topic}", "rules": rules});
    app.admin().await.post("/v1/channels", spec).await.expect_status(201);
}

/// What a client knows of who is there: state by account and name.
#[derive(Debug, Default)]
struct Known(BTreeMap<String, Value>);

impl Known {
    fn take(&mut self, message: &Value) {
        assert_eq!(message["op"], "presence", "{message}");
        let kind = message["type"].as_str().unwrap();
        if kind == "list" {
            self.0.clear();
        } else {
            assert_eq!(message["entries"].as_array().unwrap().len(), 1, "{message}");
        }
        for entry in message["entries"].as_array().unwrap() {
            let name = entry["ref"].as_str().unwrap().to_owned();
            let before = if kind == "leave" {
                self.0.remove(&name)
            } else {
                self.0.insert(name, entry["state"].clone())
            };
            assert_eq!(before.is_some(), matches!(kind, "leave" | "update"), "{message}");
        }
    }

    fn states(&self) -> Vec<&Value> {
        let mut states: Vec<&Value> = self.0.values().collect();
        states.sort_by_key(|state| state.to_string());
        states
    }
}

/// Joins, and takes the list that comes then.
async fn join(socket: &mut Socket, topic: &str, known: &mut Known) -> String {
    socket.send(json!({"op": "join", "topic": topic})).await;
    let joined = socket.next().await;
    assert_eq!(joined["op"], "joined", "{joined}");
    let list = socket.next().await;
    assert_eq!(list["type"], "list", "{list}");
    known.take(&list);
    joined["ref"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_comes_changes_and_goes_is_seen() {
    let app = TestApp::start().await;
    talk(&app).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (mut hers, mut his, mut too) = (
        Socket::connect(&app, &ada).await,
        Socket::connect(&app, &bob).await,
        Socket::connect(&app, &ada).await,
    );
    let (mut she, mut he, mut also) = (Known::default(), Known::default(), Known::default());
    let reference = join(&mut hers, "talk:1", &mut she).await;
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": {"at": "desk"}})).await;
    let told = hers.next().await;
    let entry = json!({"ref": reference, "user_id": ada.id(), "state": {"at": "desk"}});
    assert_eq!((&told["type"], &told["entries"]), (&json!("join"), &json!([entry])));
    she.take(&told);
    join(&mut his, "talk:1", &mut he).await;
    assert_eq!(he.states(), [&json!({"at": "desk"})]);
    // The same account on another socket is another one.
    join(&mut too, "talk:1", &mut also).await;
    too.send(json!({"op": "presence", "topic": "talk:1", "state": "phone"})).await;
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": {"at": "door"}})).await;
    for (socket, known) in [(&mut hers, &mut she), (&mut his, &mut he), (&mut too, &mut also)] {
        known.take(&socket.next().await);
        known.take(&socket.next().await);
        assert_eq!(known.states(), [&json!("phone"), &json!({"at": "door"})]);
    }
    // Another topic has others.
    join(&mut his, "talk:2", &mut Known::default()).await;
    drop(too);
    for (socket, known) in [(&mut hers, &mut she), (&mut his, &mut he)] {
        known.take(&socket.next().await);
        assert_eq!(known.states(), [&json!({"at": "door"})]);
    }
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": null})).await;
    he.take(&his.next().await);
    assert!(he.states().is_empty());
    hers.next().await;
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": 1})).await;
    he.take(&his.next().await);
    hers.send(json!({"op": "leave", "topic": "talk:1"})).await;
    let left = his.next().await;
    assert_eq!(left["entries"], json!([{"ref": reference, "user_id": ada.id()}]));
    he.take(&left);
    his.silence().await;
    assert_eq!(app.sql_value("select count(*) from annex.presence").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_client_is_there_as_who_it_is_now() {
    let app = TestApp::start().await;
    talk(&app).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (mut one, mut other) = (Socket::connect(&app, &ada).await, Socket::connect(&app, &bob).await);
    join(&mut other, "talk:1", &mut Known::default()).await;
    let reference = join(&mut one, "talk:1", &mut Known::default()).await;
    one.send(json!({"op": "presence", "topic": "talk:1", "state": "here"})).await;
    assert_eq!(other.next().await["entries"][0]["user_id"], json!(ada.id()));
    one.send(json!({"op": "auth", "token": bob.token.clone().unwrap()})).await;
    let told = other.next().await;
    let entry = json!({"ref": reference, "user_id": bob.id(), "state": "here"});
    assert_eq!((&told["type"], &told["entries"]), (&json!("update"), &json!([entry])));
}

#[tokio::test]
async fn a_rule_says_who_sees_and_is_seen() {
    let app = TestApp::start().await;
    talk(&app).await;
    let ada = app.user("ada").await;
    let mut hers = Socket::connect(&app, &ada).await;
    let mut nobodys = Socket::connect(&app, &app.anonymous()).await;
    let mut she = Known::default();
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": 1})).await;
    assert_eq!(hers.next().await["code"], "conflict");
    join(&mut hers, "talk:1", &mut she).await;
    nobodys.join(json!({"topic": "talk:1"})).await;
    nobodys.send(json!({"op": "presence", "topic": "talk:1", "state": 1})).await;
    assert_eq!(nobodys.next().await["code"], "forbidden");
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": "x".repeat(3000)})).await;
    assert_eq!(hers.next().await["code"], "payload_too_large");
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": 1})).await;
    she.take(&hers.next().await);
    nobodys.silence().await;
    // A rule that opens and closes.
    let change = async |rule: &str| {
        app.sql(&format!("update annex.channels set presence_rule = {rule} where name = 'talk'")).await;
    };
    change("''").await;
    let list = nobodys.next().await;
    assert_eq!((&list["type"], &list["entries"][0]["state"]), (&json!("list"), &json!(1)));
    change("null").await;
    // Whoever may not be seen any more is seen no more, and sees nobody.
    app.eventually("nobody is there", || async {
        app.sql_value("select count(*) from annex.presence").await.as_deref() == Some("0")
    })
    .await;
    hers.silence().await;
    nobodys.silence().await;
}

#[tokio::test]
async fn who_is_there_is_known_on_every_server_and_right_after_one_is_killed() {
    let app = TestApp::start().await;
    talk(&app).await;
    let url = app.database.url();
    let mut other = Some(Program::serve(&[
        ("ANNEX_DATABASE_URL", url.as_str()),
        ("ANNEX_PUBLIC_URL", "http://annex.test"),
        ("ANNEX_JOBS_RUN", "false"),
        ("ANNEX_MAX_CONNECTIONS", "12"),
    ]));
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let address = other.as_ref().map(|other| other.address).unwrap();
    let mut hers = Socket::connect(&app, &ada).await;
    let token = format!("annex.v1, annex.bearer.{}", bob.token.clone().unwrap());
    let mut his =
        Socket::connect_with(address, &[("sec-websocket-protocol", token)]).await.expect("the socket opens");
    let (mut she, mut he) = (Known::default(), Known::default());
    join(&mut hers, "talk:1", &mut she).await;
    join(&mut his, "talk:1", &mut he).await;
    his.send(json!({"op": "presence", "topic": "talk:1", "state": "bob"})).await;
    she.take(&hers.next().await);
    he.take(&his.next().await);
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": "ada"})).await;
    for (socket, known) in [(&mut hers, &mut she), (&mut his, &mut he)] {
        known.take(&socket.next().await);
        assert_eq!(known.states(), [&json!("ada"), &json!("bob")]);
    }
    his.send(json!({"op": "broadcast", "topic": "talk:1", "payload": "hello"})).await;
    assert_eq!(hers.said(1).await, ["hello"]);
    // A whole life, so that the survivor may judge.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let begun = Instant::now();
    drop(other.take());
    she.take(&hers.next().await);
    assert_eq!(she.states(), [&json!("ada")]);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_was_taken_for_dead_says_who_is_there_again() {
    let app = TestApp::start().await;
    talk(&app).await;
    let mut hers = Socket::connect(&app, &app.user("ada").await).await;
    let mut she = Known::default();
    join(&mut hers, "talk:1", &mut she).await;
    hers.send(json!({"op": "presence", "topic": "talk:1", "state": 1})).await;
    she.take(&hers.next().await);
    app.sql("delete from annex.listeners").await;
    she.take(&hers.next().await);
    assert!(she.states().is_empty());
    she.take(&hers.next().await);
    assert_eq!(she.states(), [&json!(1)]);
}
