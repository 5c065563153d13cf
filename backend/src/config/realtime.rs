//! Changes of rows, told as they are committed.

use super::source::{Bytes, Source};

/// Changes of rows, told as they are committed.
#[derive(Debug, Clone)]
pub struct Realtime {
    /// How many bytes of past changes are kept in memory, for clients that come back.
    pub kept: usize,
    /// How many sockets and streams of events an account may have open, or a network that is not signed in.
    pub connections: u32,
}

impl Realtime {
    pub(super) fn from_source(source: &mut Source) -> Self {
        Self {
            kept: source.get("ANNEX_REALTIME_KEPT", "realtime.kept", Bytes::ALLOWED, Bytes(64 << 20)).0,
            connections: source.get("ANNEX_REALTIME_CONNECTIONS", "realtime.connections", "a number", 1000),
        }
    }
}
