//! Stopping: accepted requests finish, nothing new is taken, and the end is clean.

use std::time::Duration;

use annex_tests::{Program, TestDatabase};
use nix::sys::signal::Signal;

#[tokio::test]
async fn told_to_stop_it_ends_well() {
    let database = TestDatabase::create().await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &database.url())]);
        annex.signal(signal);
        assert!(annex.wait(Duration::from_secs(10)).success(), "{signal}");
    }
    database.drop_database().await;
}

#[tokio::test]
async fn a_closed_terminal_ends_it_well() {
    let database = TestDatabase::create().await;
    let url = database.url();
    let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &url)]);
    annex.signal(Signal::SIGHUP);
    if ignores_hangup() {
        // The tests themselves were started so, and what they start inherits it.
        std::thread::sleep(Duration::from_millis(500));
        annex.signal(Signal::SIGTERM);
    }
    assert!(annex.wait(Duration::from_secs(10)).success());
    database.drop_database().await;
}

fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("Linux tells");
    u64::from_str_radix(ignored.trim(), 16).expect("a mask") & 1 == 1
}
