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

/// The codes with which the server says goodbye (RFC 6455, section 7.4), and what they mean.
pub const CLOSE_CODES: [(u16, &str); 8] = [
    (1000, "Nothing is wrong: the client said goodbye, or was silent for 75 s"),
    (1001, "The server ends, or cannot find out who the client is: connect again"),
    (1002, "The client does not keep to the protocol"),
    (1003, "The client sent a message that is not text"),
    (1007, "The client sent text that is not UTF-8"),
    (1008, "The client sent too much, or did not take what it was sent: an `error` before says which"),
    (1009, "The client sent a message of more than 64 KiB"),
    (4401, "The session or its token has ended: connect again with another token"),
];

/// Numbers connections.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

fn next_connection() -> ConnectionId {
    CONNECTIONS.fetch_add(1, Ordering::Relaxed)
}
