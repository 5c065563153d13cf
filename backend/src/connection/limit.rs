//! How many connections the process can hold: each is a file, and where there is no file left nobody can connect at all.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files that are for other things than clients: Postgres, logs, the terminal.
const OTHER_FILES: u64 = 256;

/// The most connections of a worker thread.
const MOST: u64 = 25_000;

/// How many clients each of so many threads may hold; whoever comes then waits to be accepted. Lets the process open as
/// many files as the system allows it to.
pub fn most_connections(workers: usize) -> usize {
    let (now, allowed) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    let files = match setrlimit(Resource::RLIMIT_NOFILE, allowed, allowed) {
        Ok(()) => allowed,
        Err(_) => now,
    };
    let each = files.saturating_sub(OTHER_FILES) / workers.max(1) as u64;
    each.clamp(64, MOST) as usize
}
