//! How clients talk to the hub: over a WebSocket, or one way over server-sent events.

mod client;
mod connect;
mod events;
mod jobs;
mod reading;
mod subscribe;
mod topics;

use std::sync::atomic::{AtomicU64, Ordering};

pub use connect::connect;
pub use events::events;
pub(crate) use {connect::__path_connect, events::__path_events};

use super::hub::ConnectionId;

/// The most bytes that wait for a client; who lets more come together is let go of.
const MOST_WAITING: usize = 1 << 20;

/// The most bytes of a message from a client.
const MOST_MESSAGE: usize = 64 << 10;

/// The most subscriptions of a connection.
const MOST_SUBSCRIPTIONS: usize = 100;

/// Numbers connections.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

fn next_connection() -> ConnectionId {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed)
}
