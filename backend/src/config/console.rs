//! The console's own server.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::source::{Origin, Source};

/// The console's own server, `annex console`.
#[derive(Debug, Clone)]
pub struct Console {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The folder of the built console; looked for where nothing is set.
    pub dir: Option<PathBuf>,
    /// The API that the console calls, without a slash at the end.
    pub api: String,
}

impl Console {
    pub(super) fn from_source(source: &mut Source) -> Self {
        Self {
            listen: source.get(
                "ANNEX_CONSOLE_LISTEN",
                "console.listen",
                "an address and a port, such as 127.0.0.1:3000",
                SocketAddr::from(([127, 0, 0, 1], 3000)),
            ),
            dir: source.maybe("ANNEX_CONSOLE_DIR", "console.dir", "the folder of the built console"),
            api: source
                .get(
                    "ANNEX_CONSOLE_API",
                    "console.api",
                    "an origin, such as https://api.example.com",
                    Origin("http://127.0.0.1:8080".to_owned()),
                )
                .0,
        }
    }
}
