//! Many who sign in at once: each hash takes 19 MiB, so only a few are computed at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use annex_tests::TestApp;
use futures_util::future::join_all;

use super::login;

/// Together their hashes would take 9.5 GB.
const LOGINS: usize = 500;

/// The most memory, in bytes, that this process (the test and its server) may ever have had.
const MEMORY: usize = 1 << 30;

#[tokio::test]
async fn hashing_passwords_is_bounded_and_keeps_nobody_else_waiting() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let done = AtomicBool::new(false);
    let logins = async {
        let each = async |i: usize| {
            login(&app, &format!("nobody{i}@example.com"), "another quiet otter").await.status
        };
        let statuses = join_all((0..LOGINS).map(each)).await;
        done.store(true, Ordering::Relaxed);
        statuses
    };
    let others = async {
        let mut answered = 0;
        while !done.load(Ordering::Relaxed) {
            app.anonymous().get("/healthz").undocumented().await.expect_status(200);
            answered += 1;
        }
        answered
    };
    let (statuses, answered) = tokio::join!(logins, others);
    // Whoever's turn does not come in time is told to come back: nobody waits for ever.
    assert!(statuses.iter().all(|status| matches!(status, 401 | 503)), "{statuses:?}");
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert!(refused > 0, "{statuses:?}");
    assert!(answered > 20, "only {answered} others were answered meanwhile");
    assert!(peak() < MEMORY, "{} MiB", peak() >> 20);
}

/// The most memory that the process ever had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib << 10
}
