//! Changes of rows, told as they are committed.

use std::str::FromStr;

use super::source::{Bytes, Source};

/// Changes of rows, told as they are committed.
#[derive(Debug, Clone)]
pub struct Realtime {
    /// Where changes are read from.
    pub source: ChangeSource,
    /// How many bytes of past changes are kept in memory, for clients that come back.
    pub kept: usize,
    /// How many sockets and streams of events an account may have open, or a network that is not signed in.
    pub connections: u32,
}

impl Realtime {
    pub(super) fn from_source(source: &mut Source) -> Self {
        Self {
            source: source.get(
                "ANNEX_REALTIME_SOURCE",
                "realtime.source",
                "`auto`, `log` or `outbox`",
                ChangeSource::Auto,
            ),
            kept: source.get("ANNEX_REALTIME_KEPT", "realtime.kept", Bytes::ALLOWED, Bytes(64 << 20)).0,
            connections: source.get("ANNEX_REALTIME_CONNECTIONS", "realtime.connections", "a number", 1000),
        }
    }
}

/// Where changes of rows are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSource {
    /// The write-ahead log where it can be read, else the outbox.
    Auto,
    /// The write-ahead log.
    Log,
    /// A table that triggers write changes into.
    Outbox,
}

impl FromStr for ChangeSource {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "log" => Ok(Self::Log),
            "outbox" => Ok(Self::Outbox),
            _ => Err(()),
        }
    }
}
