//! Where and how the server listens.

use std::net::SocketAddr;
use std::time::Duration;

use super::source::{AtLeast, Bytes, Origin, Seconds, Source};

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How clients reach it, without a slash at the end; made from `listen` where nothing is set.
    pub public_url: String,
    /// Origins whose pages may call the API from a browser; the console's is always among them.
    pub allowed_origins: Vec<String>,
    /// Where the console is.
    pub console_origin: String,
    /// Threads that serve requests.
    pub workers: usize,
    /// The largest JSON body, in bytes. Streams (imports, uploads) have limits of their own.
    pub max_body: usize,
    /// The largest import, in bytes.
    pub max_import: usize,
    /// How long a request's head may take to arrive, and how long any read of its body may take.
    pub read_timeout: Duration,
    /// How long accepted requests may take to finish once the server is told to stop.
    pub drain_timeout: Duration,
    /// Addresses of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

impl Server {
    pub(super) fn from_source(source: &mut Source) -> Self {
        let listen = source.get(
            "ANNEX_LISTEN",
            "server.listen",
            "an address and a port, such as 127.0.0.1:8080",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
        );
        let console_origin = source
            .get(
                "ANNEX_CONSOLE_ORIGIN",
                "server.console_origin",
                "an origin, such as https://console.example.com",
                Origin("http://127.0.0.1:3000".to_owned()),
            )
            .0;
        let mut allowed_origins: Vec<String> = source
            .list(
                "ANNEX_ALLOWED_ORIGINS",
                "server.allowed_origins",
                "origins with commas between them, such as https://app.example.com",
            )
            .into_iter()
            .map(|origin: Origin| origin.0)
            .collect();
        if !allowed_origins.contains(&console_origin) {
            allowed_origins.push(console_origin.clone());
        }
        Self {
            listen,
            public_url: source
                .get(
                    "ANNEX_PUBLIC_URL",
                    "server.public_url",
                    "an origin, such as https://api.example.com",
                    Origin(format!("http://{listen}")),
                )
                .0,
            allowed_origins,
            console_origin,
            workers: source
                .get(
                    "ANNEX_WORKERS",
                    "server.workers",
                    "a number of threads, at least 1",
                    AtLeast::<1>(std::thread::available_parallelism().map_or(2, usize::from)),
                )
                .0,
            max_body: source.get("ANNEX_MAX_BODY", "server.max_body", Bytes::ALLOWED, Bytes(8 << 20)).0,
            max_import: source.get("ANNEX_MAX_IMPORT", "server.max_import", Bytes::ALLOWED, Bytes(4 << 30)).0,
            read_timeout: source
                .get("ANNEX_READ_TIMEOUT", "server.read_timeout", Seconds::ALLOWED, Seconds::of(10))
                .0,
            drain_timeout: source
                .get("ANNEX_DRAIN_TIMEOUT", "server.drain_timeout", Seconds::ALLOWED, Seconds::of(30))
                .0,
            trusted_proxies: source.list(
                "ANNEX_TRUSTED_PROXIES",
                "server.trusted_proxies",
                "IP addresses with commas between them",
            ),
        }
    }
}
