//! How much an import may take, how long, and what is left of one that breaks off.

use annex_tests::TestApp;

use super::*;

#[tokio::test]
async fn many_faults_are_counted_and_the_first_are_listed() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let mut body = String::from("slug,score\n");
    for n in 0..6000 {
        body.push_str(&format!("{n},{}\n", if n % 4 == 0 { "many" } else { "1" }));
    }
    let done = report(csv(&admin, "posts/import?mode=skip_bad", body.clone()).await);
    assert_eq!(counts(&done), (6000, 4500, 0, 1500));
    assert_eq!((done.errors.len(), done.errors_truncated), (1000, true));
    let done = report(csv(&admin, "posts/import?mode=skip_bad", body).await);
    assert_eq!(counts(&done), (6000, 0, 0, 6000));
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing() {
    use tokio::io::AsyncWriteExt;
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let rows: String = (0..100_000).map(|n| format!("{n}\n")).collect();
    for _ in 0..4 {
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        let head = format!(
            "POST /v1/records/posts/import?mode=skip_bad HTTP/1.1\r\nhost: annex.test\r\ncontent-type: text/csv\r\n\
             content-length: 10000000\r\nauthorization: Bearer {}\r\n\r\nslug\n{rows}",
            admin.token.as_deref().unwrap()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
    }
    app.eventually("no import is under way", || async {
        let query = "select count(*) from pg_stat_activity where application_name = 'annex records' and query ~ 'annex_import'";
        app.sql_value(query).await.as_deref() == Some("0")
    })
    .await;
    assert!(all(&admin, "posts", "slug", "slug").await.is_empty());
    report(csv(&admin, "posts/import", "slug\na\n").await);
}

#[tokio::test]
async fn who_trickles_keeps_nobody_else_waiting_and_is_cut_off() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "3").start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let head = format!(
        "POST /v1/records/posts/import HTTP/1.1\r\nhost: annex.test\r\ncontent-type: text/csv\r\n\
         content-length: 10000000\r\nauthorization: Bearer {}\r\n\r\nslug\n",
        admin.token.as_deref().unwrap()
    );
    let mut trickles = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        trickles.push(tokio::spawn(async move {
            let mut answer = Vec::new();
            // Never as long as the time in which something must come.
            for _ in 0..60 {
                let wait = std::time::Duration::from_millis(500);
                match tokio::time::timeout(wait, stream.read_buf(&mut answer)).await {
                    Ok(Ok(1..)) => {}
                    Ok(_) => break,
                    Err(_) => drop(stream.write_all(b"x").await),
                }
            }
            String::from_utf8_lossy(&answer).into_owned()
        }));
    }
    for n in 0..3 {
        report(csv(&admin, "posts/import", format!("slug\n{n}\n")).await);
    }
    for trickle in trickles {
        let answer = trickle.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_on_its_way() {
    let app = TestApp::builder().set("ANNEX_MAX_IMPORT", "1MiB").set("ANNEX_MAX_BODY", "64KiB").start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let long = format!("slug\n{}\n", "x".repeat(100 << 10));
    csv(&admin, "posts/import", long).await.expect_status(413).expect_problem("payload_too_large");
    let rows = "x\n".repeat(600 << 10);
    csv(&admin, "posts/import", format!("slug\n{rows}"))
        .await
        .expect_status(413)
        .expect_problem("payload_too_large");
    assert!(all(&admin, "posts", "slug", "slug").await.is_empty());
}

#[tokio::test]
async fn a_line_of_commas_takes_no_memory() {
    let app = TestApp::builder().set("ANNEX_MAX_BODY", "64KiB").start().await;
    blog(&app).await;
    let admin = app.admin().await;
    report(csv(&admin, "posts/import", "slug\nfirst\n").await);
    let before = peak();
    let (commas, quotes) = (",".repeat(4 << 20), "\"".repeat(4 << 20));
    let problem = csv(&admin, "posts/import", commas.clone()).await.expect_status(422).problem();
    assert!(problem.errors[0].detail.contains("more than 1600 fields"), "{}", problem.errors[0].detail);
    let done = report(csv(&admin, "posts/import?mode=skip_bad", format!("slug\na\n{commas}\nb\n")).await);
    assert_eq!((counts(&done), faults(&done)), ((3, 2, 0, 1), vec![(3, "", "invalid")]));
    csv(&admin, "posts/import", format!("slug\n{quotes}\n"))
        .await
        .expect_status(413)
        .expect_problem("payload_too_large");
    let grown = peak() - before;
    assert!(grown < 48, "the bodies have 4 MiB each, and memory grew by {grown} MiB");
}

#[tokio::test]
async fn rows_that_are_not_taken_leave_no_savepoint() {
    let app = TestApp::start().await;
    blog(&app).await;
    app.sql("alter table posts add constraint small check (score < 1000)").await;
    // Each level of savepoints has memory of its own in Postgres.
    app.sql(
        "create function depth() returns trigger language plpgsql security definer as $$ begin \
         new.title = (select count(*) from pg_backend_memory_contexts where name = 'CurTransactionContext'); \
         return new; end $$; \
         create trigger depth before insert on posts for each row execute function depth()",
    )
    .await;
    let rows: String = (0..100).map(|n| format!("{n},{}\n", if n % 2 == 0 { 1000 } else { 1 })).collect();
    let admin = app.admin().await;
    let done = report(csv(&admin, "posts/import?mode=skip_bad", format!("slug,score\n{rows}")).await);
    assert_eq!(counts(&done), (100, 50, 0, 50));
    for row in all(&admin, "posts", "title", "slug").await {
        let depth: u32 = row["title"].as_str().unwrap().parse().unwrap();
        assert!((1..5).contains(&depth), "{depth}");
    }
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

#[tokio::test]
async fn a_hundred_thousand_rows_take_no_more_memory_than_a_few() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    report(csv(&admin, "posts/import", "slug\nfirst\n").await);
    let before = peak();
    let title = "x".repeat(700);
    let rows = (0..100u32).map(move |part| {
        let header = if part == 0 { "slug,title,score\n" } else { "" };
        let rows: String = (0..1000).map(|n| format!("{part}-{n},{title},{n}\n")).collect();
        Ok::<_, std::io::Error>(format!("{header}{rows}"))
    });
    let request = admin.request("POST", "/v1/records/posts/import");
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(rows));
    let done = report(request.body("text/csv", body).await);
    assert_eq!(counts(&done), (100_000, 100_000, 0, 0));
    let grown = peak() - before;
    assert!(grown < 40, "the body has 70 MiB, and memory grew by {grown} MiB");
}
