//! Stopping: accepted requests finish, nothing new is taken, and the end is clean.

use std::time::Duration;

use annex_tests::{Program, TestDatabase};
use nix::sys::signal::Signal;

#[tokio::test]
async fn told_to_stop_it_ends_well() {
    let database = TestDatabase::create().await;
    let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &database.url())]);
    annex.signal(Signal::SIGTERM);
    assert!(annex.wait(Duration::from_secs(10)).success());
    database.drop_database().await;
}
