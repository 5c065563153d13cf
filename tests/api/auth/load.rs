//! Many who sign in at once

use std::time::{Duration, Instant};

use annex_tests::TestApp;

use super::login;

#[tokio::test]
async fn hashing_passwords_keeps_nobody_else_waiting() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let logins = futures_util::future::join_all((0..60).map(|i| {
        let app = &app;
        async move { login(app, &format!("nobody{i}@example.com"), "another quiet otter").await.status }
    }));
    let others = async {
        let mut took = Vec::new();
        for _ in 0..40 {
            let started = Instant::now();
            app.anonymous().get("/healthz").undocumented().await.expect_status(200);
            took.push(started.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        took.sort();
        took[took.len() / 2]
    };
    let (statuses, median) = tokio::join!(logins, others);
    // Whoever's turn does not come in time is told to come back: nobody waits for ever.
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "{statuses:?}");
    assert!(statuses.contains(&401), "{statuses:?}");
    assert!(median < Duration::from_millis(100), "{median:?}");
}
