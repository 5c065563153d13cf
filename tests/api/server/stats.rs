//! `/v1/stats`

use std::time::Duration;

use annex_openapi::stats::{Latency, Resolution, Stats, StatsBucket};
use annex_tests::TestApp;
use serde_json::json;

const TEN_SECONDS: Duration = Duration::from_secs(10);

async fn stats(app: &TestApp, query: &str) -> Stats {
    app.admin().await.get(&format!("/v1/stats{query}")).await.expect_status(200).json_as()
}

/// Ends the bucket that is filled now, and gives the last one.
async fn ended(app: &TestApp) -> StatsBucket {
    app.clock.advance(TEN_SECONDS);
    stats(app, "").await.buckets.pop().expect("a bucket has ended")
}

/// The requests, client errors and server errors that were counted meanwhile, and the latencies.
async fn counted<F: Future<Output = ()>>(app: &TestApp, meanwhile: F) -> ([u64; 3], Vec<Latency>) {
    // What answers are held against is fetched before.
    app.anonymous().get("/healthz").await.expect_status(200);
    ended(app).await;
    let before = ended(app).await.at;
    meanwhile.await;
    app.clock.advance(TEN_SECONDS);
    let buckets = stats(app, "").await.buckets.into_iter().filter(|bucket| bucket.at > before);
    let mut sums = ([0; 3], Vec::new());
    for bucket in buckets {
        for (sum, count) in
            sums.0.iter_mut().zip([bucket.requests, bucket.client_errors, bucket.server_errors])
        {
            *sum += count;
        }
        sums.1.extend(bucket.latency);
    }
    sums
}

#[tokio::test]
async fn requests_are_counted_by_how_they_ended_and_watching_is_not() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "notes", "fields": [], "rules": {"list": ""}})).await;
    let (counts, latencies) = counted(&app, async {
        for _ in 0..20 {
            app.anonymous().get("/v1/records/notes").await.expect_status(200);
        }
        for _ in 0..3 {
            app.anonymous().get("/v1/records/nothing").await.expect_status(404);
        }
        app.anonymous().get("/v1/users").await.expect_status(401);
        for _ in 0..50 {
            app.anonymous().get("/healthz").await.expect_status(200);
            admin.get("/v1/stats").await.expect_status(200);
        }
        app.anonymous().get("/metrics").undocumented().await.expect_status(200);
        let preflight = app.anonymous().request("OPTIONS", "/v1/records/notes");
        let preflight = preflight.header("origin", "http://127.0.0.1:3000");
        let preflight = preflight.header("access-control-request-method", "GET").undocumented();
        preflight.await.expect_status(200);
    })
    .await;
    assert_eq!(counts, [24, 4, 0]);
    for Latency { p50, p95, p99 } in latencies {
        assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{p50} {p95} {p99}");
    }
    let (counts, latencies) = counted(&app, async {}).await;
    assert_eq!((counts, latencies), ([0, 0, 0], vec![]), "what was counted is not counted again");
}

#[tokio::test]
async fn a_fault_is_counted_as_one() {
    async fn fail() -> actix_web::HttpResponse {
        panic!("on purpose")
    }
    let routes = |config: &mut actix_web::web::ServiceConfig| {
        config.route("/fail", actix_web::web::get().to(fail));
    };
    let app = TestApp::builder().routes(routes).start().await;
    let (counts, _) = counted(&app, async {
        app.anonymous().get("/fail").undocumented().await.expect_status(500);
    })
    .await;
    assert_eq!(counts, [1, 0, 1]);
}

#[tokio::test]
async fn only_what_is_new_is_sent_again() {
    let app = TestApp::start().await;
    app.admin().await;
    for _ in 0..3 {
        ended(&app).await;
    }
    let all = stats(&app, "").await;
    assert!(all.buckets.windows(2).all(|pair| pair[1].at - pair[0].at == TEN_SECONDS), "{all:?}");
    let since = json!(all.buckets[all.buckets.len() - 2])["at"].as_str().unwrap().to_owned();
    let fresh = stats(&app, &format!("?since={since}")).await;
    // Another one may have ended by itself.
    assert_eq!(fresh.buckets.first(), all.buckets.last());
    assert_eq!((fresh.instance, fresh.started_at), (all.instance, all.started_at));
    app.clock.advance(Duration::from_secs(120));
    let minutes = stats(&app, "?resolution=1m").await;
    assert_eq!(minutes.resolution, Resolution::Minute);
    assert!(minutes.buckets.len() >= 2, "{minutes:?}");
    assert!(minutes.buckets.windows(2).all(|pair| pair[1].at - pair[0].at == 6 * TEN_SECONDS), "{minutes:?}");
    for wrong in ["?since=yesterday", "?resolution=1h", "?since=2026-01-31", "?until=2026-01-31T12:00:00Z"] {
        app.admin().await.get(&format!("/v1/stats{wrong}")).await.expect_problem("invalid_parameter");
    }
}

#[tokio::test]
async fn the_database_and_the_collections_are_measured() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "notes", "fields": [{"name": "text", "type": "text"}]})).await;
    app.sql("insert into notes (id, text) select gen_random_uuid(), 'x' from generate_series(1, 300); analyze notes").await;
    app.sql("create view few as select 1 as id").await;
    let adopt = json!({"table": "few", "primary_key": ["id"]});
    app.admin().await.post("/v1/collections/adopt", adopt).await.expect_status(201);
    app.eventually("the database is measured", || async {
        let bucket = ended(&app).await;
        bucket.database_bytes.is_some_and(|bytes| bytes > 1_000_000)
            && bucket.connections.is_some_and(|connections| connections > 0)
    })
    .await;
    let collections = stats(&app, "").await.collections;
    let names: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["few", "notes"]);
    assert_eq!((collections[0].estimated_rows, collections[0].size_bytes), (None, None));
    assert_eq!(collections[1].estimated_rows, Some(300));
    assert!(collections[1].size_bytes.is_some_and(|bytes| bytes > 8192), "{collections:?}");
}

#[tokio::test]
async fn stats_are_for_admins() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "canary", "fields": []})).await;
    let answer = app.anonymous().get("/v1/stats").await.expect_status(401);
    answer.expect_unsaid(&["canary", "instance"]).expect_problem("unauthenticated");
    let answer = app.user("ada").await.get("/v1/stats").await.expect_status(403);
    answer.expect_unsaid(&["canary", "instance"]).expect_problem("forbidden");
}
