//! `GET /v1/jobs/{id}?wait_seconds=` and `GET /v1/jobs/{id}/events`

use std::time::{Duration, Instant};

use annex_openapi::jobs::{JobEvent, JobState};
use annex_tests::{PASSWORD, TestApp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{claim, enqueue, id, say};

#[tokio::test]
async fn who_waits_for_a_job_hears_when_it_moves_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "a"})).await;
    let path = format!("/v1/jobs/{}?wait_seconds=20", id(&job));
    let waiting = {
        let (admin, path) = (admin.clone(), path.clone());
        tokio::spawn(async move {
            let begun = Instant::now();
            (admin.get(&path).await.expect_status(200).json(), begun.elapsed())
        })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    let (moved, took) = waiting.await.unwrap();
    assert_eq!(moved["state"], "running");
    assert!(took < Duration::from_secs(10), "{took:?}");
    say(&admin, &claimed, "complete", json!({})).await.expect_status(200);
    let begun = Instant::now();
    assert_eq!(admin.get(&path).await.json()["state"], "succeeded");
    assert!(begun.elapsed() < Duration::from_secs(10), "what has ended is not waited for");
    admin.get(&format!("/v1/jobs/{}?wait_seconds=31", id(&job))).await.expect_problem("invalid_parameter");
    admin
        .get("/v1/jobs/0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f?wait_seconds=5")
        .await
        .expect_problem("not_found");
}

fn events(text: &str) -> Vec<JobEvent> {
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event: "));
    blocks
        .map(|block| {
            let (name, data) = block.split_once('\n').unwrap();
            let data = data.strip_prefix("data: ").unwrap();
            let value: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(value["type"], name["event: ".len()..]);
            serde_json::from_value(value).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn who_follows_a_job_hears_everything_until_it_ends() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "a"})).await;
    let path = format!("/v1/jobs/{}/events", id(&job));
    let follow = || {
        let (admin, path) = (admin.clone(), path.clone());
        tokio::spawn(async move {
            admin.get(&path).await.expect_status(200).expect_header("content-type", "text/event-stream")
        })
    };
    let followers = [follow(), follow(), follow()];
    tokio::time::sleep(Duration::from_millis(400)).await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    let mut lines = Vec::new();
    for place in 1..=4 {
        let line = format!("line {place}");
        let told = json!({"progress": f64::from(place) / 4.0, "log": [{"level": "info", "message": line}]});
        say(&admin, &claimed, "progress", told).await.expect_status(200);
        lines.push(line);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    say(&admin, &claimed, "complete", json!({"result": "done"})).await.expect_status(200);
    let late = follow();
    for (place, follower) in followers.into_iter().chain([late]).enumerate() {
        let answer = follower.await.unwrap();
        let events = events(&answer.text());
        let heard: Vec<&str> = events
            .iter()
            .filter_map(|event| match event {
                JobEvent::Log(log) => Some(log.line.message.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(heard, lines, "each once and in order");
        let states: Vec<JobState> = events
            .iter()
            .filter_map(|event| match event {
                JobEvent::State(state) => Some(state.job.state),
                _ => None,
            })
            .collect();
        assert_eq!(states.last(), Some(&JobState::Succeeded));
        assert_eq!(states[0], if place < 3 { JobState::Ready } else { JobState::Succeeded });
        if place < 3 {
            let last = events.iter().rev().find_map(|event| match event {
                JobEvent::Progress(progress) => progress.progress,
                _ => None,
            });
            assert_eq!(last, Some(1.0));
        }
    }
    // Nobody follows any more, and nothing is asked for them.
    app.eventually("nothing is looked at", || async { !app.inside().jobs.followers.are_there() }).await;
}

#[tokio::test]
async fn a_follower_hears_that_its_job_is_gone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "a"})).await;
    let path = format!("/v1/jobs/{}/events", id(&job));
    let following = {
        let admin = admin.clone();
        tokio::spawn(async move { admin.get(&path).await })
    };
    tokio::time::sleep(Duration::from_millis(400)).await;
    app.sql("delete from annex.ready; delete from annex.jobs").await;
    assert_eq!(events(&following.await.unwrap().text()).len(), 1);
}

#[tokio::test]
async fn who_is_no_admin_any_more_hears_nothing_more() {
    let app = TestApp::start().await;
    let boss = app.user("boss").await;
    app.sql("update annex.users set roles = '{admin}' where email = 'boss@example.com'").await;
    let job = enqueue(&app, json!({"kind": "a"})).await;
    let path = format!("/v1/jobs/{}/events", id(&job));
    let following = tokio::spawn(async move { boss.get(&path).await.expect_status(200) });
    tokio::time::sleep(Duration::from_millis(400)).await;
    app.sql("update annex.users set roles = '{}' where email = 'boss@example.com'").await;
    let ended = tokio::time::timeout(Duration::from_secs(30), following).await.expect("it ends").unwrap();
    assert_eq!(events(&ended.text()).len(), 1);
    app.eventually("nothing is looked at", || async { !app.inside().jobs.followers.are_there() }).await;
}

/// How much memory this process has, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn who_reads_nothing_costs_no_memory() {
    let app = TestApp::start().await;
    let job = enqueue(&app, json!({"kind": "a"})).await;
    app.sql(&format!(
        "insert into annex.job_logs (job_id, attempt, level, message, at)
            select '{}', 1, 'info', repeat('x', 8000), now() from generate_series(1, 10000)",
        id(&job)
    ))
    .await;
    let login = json!({"email": "admin@example.com", "password": PASSWORD});
    let login = app.anonymous().post("/v1/auth/login", login).await.expect_status(200).json();
    let before = memory();
    let request = format!(
        "GET /v1/jobs/{}/events HTTP/1.1\r\nHost: annex.test\r\nAuthorization: Bearer {}\r\n\r\n",
        id(&job),
        login["access_token"].as_str().unwrap()
    );
    let mut followers = Vec::new();
    for _ in 0..5 {
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        followers.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = memory();
    // All of it, five times, is 400 MB.
    assert!(after < before + 150, "{before} MiB, and {after} MiB with five followers");
    // Who reads gets all of it.
    let (mut stream, mut seen) = (followers.remove(0), 0);
    let mut buffer = vec![0; 1 << 20];
    let read = async {
        while seen < 80_000_000 {
            seen += stream.read(&mut buffer).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.expect("all lines come");
}
