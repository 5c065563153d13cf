//! `expand` of subscriptions: the records that relations lead to, told with those that change.

use annex_tests::{Socket, TestApp};
use serde_json::{Value, json};

/// Posts of authors, who are of a country; everybody sees the authors that are not private, and no one's address.
async fn posts(app: &TestApp) -> [Value; 3] {
    let relation = |name: &str, to: &str| json!({"name": name, "type": "relation", "collection": to});
    let text = |name: &str| json!({"name": name, "type": "text"});
    let open = json!({"list": "", "view": ""});
    app.collection(
        json!({"name": "countries", "realtime": true, "fields": [text("name")], "rules": open.clone()}),
    )
    .await;
    app.collection(json!({
        "name": "authors",
        "realtime": true,
        "fields": [
            text("name"),
            {"name": "address", "type": "text", "hidden": true},
            {"name": "private", "type": "bool", "default": false},
            relation("country", "countries"),
        ],
        "rules": {"list": "not private", "view": "not private"}
    }))
    .await;
    app.collection(json!({
        "name": "posts",
        "realtime": true,
        "fields": [text("title"), relation("author", "authors"), relation("editor", "users")],
        "rules": open,
    }))
    .await;
    app.schema_seen(|snapshot| snapshot.table("authors").is_some_and(|table| !table.incoming.is_empty()))
        .await;
    let country = app.rows("countries", [json!({"name": "Wales"})]).await.remove(0);
    let authors = [
        json!({"name": "Ada", "address": "hidden", "country": country["id"]}),
        json!({"name": "Bob", "private": true}),
    ];
    let mut authors = app.rows("authors", authors).await;
    let bob = authors.remove(1);
    [authors.remove(0), bob, country]
}

fn name(record: &Value) -> &Value {
    &record["expand"]["author"]["name"]
}

#[tokio::test]
async fn records_come_with_what_their_relations_lead_to() {
    let app = TestApp::start().await;
    let [ada, bob, country] = posts(&app).await;
    app.rows("posts", [json!({"title": "one", "author": ada["id"]})]).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    let subscribe =
        json!({"id": "p", "collection": "posts", "fields": ["title"], "expand": ["author.country"]});
    let mut with_snapshot = subscribe.clone();
    with_snapshot["snapshot"] = json!(true);
    let (told, cursor) = socket.subscribe(with_snapshot).await;
    let records = told[0]["records"].as_array().unwrap();
    // A list says the same.
    let asked = "/v1/records/posts?fields=title&expand=author.country";
    let list = app.anonymous().get(asked).await.expect_status(200);
    assert_eq!(records, &list.items());
    assert_eq!(records[0]["expand"]["author"]["expand"]["country"], country);
    assert!(records[0]["expand"]["author"].get("address").is_none());

    let posts = app.rows("posts", [json!({"title": "two", "author": ada["id"]})]).await;
    let events = socket.events(1).await;
    assert_eq!(events[0].1, json!({"title": "two", "expand": records[0]["expand"]}));

    // To one whom the caller may not view, or to none, the relation leads nowhere; that it leads elsewhere is told by itself.
    let path = format!("/v1/records/posts/{}", posts[0]["id"].as_str().unwrap());
    let admin = app.admin().await;
    for author in [&bob["id"], &Value::Null, &ada["id"]] {
        admin.patch(&path, json!({"author": author})).await.expect_status(200);
    }
    let events = socket.events(3).await;
    let names: Vec<&Value> = events.iter().map(|(_, record)| name(record)).collect();
    assert_eq!(names, [&Value::Null, &Value::Null, &json!("Ada")]);
    assert_eq!(events[0].1["expand"], json!({"author": null}));

    // Whoever was away is told the same.
    let mut back = subscribe;
    back["after"] = json!(cursor);
    let (told, _) = socket.subscribe(back).await;
    assert_eq!(told.iter().map(|event| name(&event["record"])).filter(|name| **name == "Ada").count(), 2);
}

#[tokio::test]
async fn a_related_record_is_told_as_it_is_then() {
    let app = TestApp::start().await;
    let [ada, ..] = posts(&app).await;
    let mut socket = Socket::connect(&app, &app.anonymous()).await;
    socket.subscribe(json!({"id": "p", "collection": "posts", "expand": ["author"]})).await;
    let say = async |title: &str| app.rows("posts", [json!({"title": title, "author": ada["id"]})]).await;
    say("one").await;
    assert_eq!(name(&socket.events(1).await[0].1), "Ada");
    let id = ada["id"].as_str().unwrap();
    app.sql(&format!("update authors set name = 'Augusta' where id = '{id}'")).await;
    say("two").await;
    assert_eq!(name(&socket.events(1).await[0].1), "Augusta");
    // Nor is it told any more where the caller may not view it any more.
    app.sql(&format!("update authors set private = true where id = '{id}'")).await;
    say("three").await;
    assert_eq!(name(&socket.events(1).await[0].1), &Value::Null);
    // Where nobody knows what it leads to the subscription begins anew.
    app.sql("truncate authors cascade").await;
    assert_eq!(socket.next().await["op"], "resync");
}

#[tokio::test]
async fn each_caller_is_shown_what_they_may_view() {
    let app = TestApp::start().await;
    let [_, bob, _] = posts(&app).await;
    let mut sockets = Vec::new();
    for client in [&app.admin().await, &app.anonymous()] {
        let mut socket = Socket::connect(&app, client).await;
        socket.subscribe(json!({"id": "p", "collection": "posts", "expand": ["author"]})).await;
        sockets.push(socket);
    }
    app.rows("posts", [json!({"title": "one", "author": bob["id"]})]).await;
    let mut told = Vec::new();
    for socket in &mut sockets {
        told.push(name(&socket.events(1).await[0].1).clone());
    }
    assert_eq!(told, [json!("Bob"), Value::Null]);
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let app = TestApp::start().await;
    posts(&app).await;
    let admin = app.admin().await;
    let mut socket = Socket::connect(&app, &admin).await;
    let mut refused = async |collection: &str, expand: &str| {
        let subscribe = json!({"op": "subscribe", "id": "r", "collection": collection, "expand": [expand]});
        socket.send(subscribe).await;
        let message = socket.next().await;
        (
            message["code"].as_str().unwrap().to_owned(),
            message["hint"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let said = |code: &str, hint: &str| (code.to_owned(), hint.to_owned());
    assert_eq!(refused("authors", "posts").await, said("not_live", "Subscribe to `posts` with a filter"));
    assert_eq!(refused("posts", "autor").await, said("invalid_parameter", "Did you mean `author`?"));
    let users = said("not_live", "Accounts are not followed: say it with `@user`");
    assert_eq!(refused("posts", "editor").await, users);
    admin.patch("/v1/collections/countries", json!({"realtime": false})).await.expect_status(200);
    let off = said("not_live", "Turn realtime on for `countries` too");
    assert_eq!(refused("posts", "author.country").await, off);
}
