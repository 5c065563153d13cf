//! What is said on a topic is heard, and who is there stays there, whatever is restarted meanwhile; who is lost with a server goes.

use std::time::{Duration, Instant};

use annex_tests::Socket;
use nix::sys::signal::{Signal, kill};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::annex::Annex;
use crate::durability::{folder, postmaster};

/// How long is talked over the restart of Postgres: longer than a server is believed to live that says nothing.
const TALKED: Duration = Duration::from_secs(10);

/// Joins, behind a cursor where there is one. Gives what was said before, and who is there.
async fn join(socket: &mut Socket, after: Option<&str>) -> (Vec<Value>, Value) {
    let mut message = json!({"op": "join", "topic": "lobby"});
    if let Some(after) = after {
        message["after"] = json!(after);
    }
    socket.send(message).await;
    let mut said = Vec::new();
    loop {
        let message = socket.next().await;
        match message["op"].as_str() {
            Some("broadcast") => said.push(message["payload"].clone()),
            Some("joined") => {}
            Some("presence") => return (said, message["entries"].clone()),
            _ => panic!("the topic is not joined: {message}"),
        }
    }
}

async fn say(annex: &Annex, payload: Value) -> bool {
    let answer = annex.post("/v1/broadcasts", &json!({"topic": "lobby", "payload": payload})).await;
    answer.is_ok_and(|answer| answer.status() == StatusCode::NO_CONTENT)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_outlives_postgres_and_the_server() {
    let data_dir = folder();
    let mut annex = Annex::over(data_dir.path()).await;
    let rules = json!({"join": "", "send": "", "presence": ""});
    let channel = json!({"name": "lobby", "topic": "lobby", "rules": rules});
    let answer = annex.post("/v1/channels", &channel).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let connect = async |annex: &Annex| {
        Socket::connect_with(annex.program.address, &[]).await.expect("the socket opens")
    };
    let (mut there, mut listening) = (connect(&annex).await, connect(&annex).await);
    for socket in [&mut there, &mut listening] {
        assert_eq!(join(socket, None).await, (vec![], json!([])));
    }
    there.send(json!({"op": "presence", "topic": "lobby", "state": "here"})).await;
    let come = listening.next().await;
    assert_eq!((&come["type"], &come["entries"][0]["state"]), (&json!("join"), &json!("here")));

    kill(postmaster(data_dir.path()), Signal::SIGQUIT).expect("Postgres runs");
    let (begun, mut acknowledged) = (Instant::now(), Vec::new());
    let mut number = 0;
    while begun.elapsed() < TALKED {
        number += 1;
        if say(&annex, json!(number)).await {
            acknowledged.push(json!(number));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(acknowledged.len() > 10, "{acknowledged:?}");
    let (mut heard, mut cursor) = (Vec::new(), String::new());
    while heard.last() != acknowledged.last() {
        // Nobody goes, and nobody has to join anew.
        let message = listening.next().await;
        assert_eq!(message["op"], "broadcast", "{message}");
        cursor = message["cursor"].as_str().expect("it has a cursor").to_owned();
        heard.push(message["payload"].clone());
    }
    // What was said may have been committed without an answer.
    heard.retain(|one| acknowledged.contains(one));
    assert_eq!(heard, acknowledged);

    annex.program.signal(Signal::SIGKILL);
    annex.program.wait(Duration::from_secs(5));
    annex = Annex::over(data_dir.path()).await;
    assert!(say(&annex, json!("meanwhile")).await);
    let mut again = connect(&annex).await;
    let (mut said, mut entries) = join(&mut again, Some(&cursor)).await;
    while said.is_empty() || entries != json!([]) {
        let message = again.next().await;
        match (message["op"].as_str(), message["type"].as_str()) {
            (Some("broadcast"), _) => said.push(message["payload"].clone()),
            (Some("presence"), Some("leave")) => entries = json!([]),
            _ => panic!("{message}"),
        }
    }
    assert_eq!(said, ["meanwhile"]);
}
