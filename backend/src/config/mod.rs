//! What can be set: one struct per concern, each read from the environment and an optional TOML file.
//!
//! The environment wins over the file. All wrong values are told at once, each with its key, its value
//! and what is allowed.

mod source;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use source::{Bytes, Origin, PostgresSeconds, Seconds};
pub use source::{ConfigError, Source};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// The database, Annex's own or yours.
    pub database: Database,
    /// Accounts and tokens.
    pub auth: Auth,
    /// Logs, metrics and traces.
    pub telemetry: Telemetry,
    /// What is kept of requests.
    pub request_log: RequestLog,
    /// The console's own server.
    pub console: Console,
}

impl Config {
    /// Reads the process's environment and the file that `ANNEX_CONFIG` names (`annex-config.toml` where
    /// it is there and nothing is named).
    ///
    /// # Errors
    /// Every key that is unknown or has a wrong value.
    pub fn load() -> Result<Self, ConfigError> {
        Self::from_source(Source::from_process()?)
    }

    /// Reads a source.
    ///
    /// # Errors
    /// Every key that is unknown or has a wrong value.
    pub fn from_source(mut source: Source) -> Result<Self, ConfigError> {
        let config = Self {
            server: Server::from_source(&mut source),
            database: Database::from_source(&mut source),
            auth: Auth::from_source(&mut source),
            telemetry: Telemetry::from_source(&mut source),
            request_log: RequestLog::from_source(&mut source),
            console: Console::from_source(&mut source),
        };
        source.finish()?;
        Ok(config)
    }
}

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
    fn from_source(source: &mut Source) -> Self {
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
                    source::AtLeast::<1>(std::thread::available_parallelism().map_or(2, usize::from)),
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

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Yours; none for Annex's own.
    pub url: Option<SecretString>,
    /// Where Annex's own database and files live.
    pub data_dir: PathBuf,
    /// The folder of Postgres's programs; looked for where nothing is set.
    pub pg_bin: Option<PathBuf>,
    /// How many connections a server may hold, in all.
    pub max_connections: usize,
    /// How long one statement may run.
    pub statement_timeout: Duration,
}

impl Database {
    fn from_source(source: &mut Source) -> Self {
        Self {
            url: source
                .maybe(
                    "ANNEX_DATABASE_URL",
                    "database.url",
                    "a Postgres URL, such as postgres://user:password@host:5432/name",
                )
                .map(|url: source::PostgresUrl| url.0),
            data_dir: source.get(
                "ANNEX_DATA_DIR",
                "database.data_dir",
                "a folder",
                PathBuf::from("annex-data"),
            ),
            pg_bin: source.maybe("ANNEX_PG_BIN", "database.pg_bin", "the folder that has `postgres` in it"),
            max_connections: source
                .get(
                    "ANNEX_MAX_CONNECTIONS",
                    "database.max_connections",
                    "a number of connections, at least 8",
                    source::AtLeast::<8>(40),
                )
                .0,
            statement_timeout: source
                .get(
                    "ANNEX_STATEMENT_TIMEOUT",
                    "database.statement_timeout",
                    PostgresSeconds::ALLOWED,
                    PostgresSeconds(Duration::from_secs(10)),
                )
                .0,
        }
    }
}

/// Accounts and tokens.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The first admin's address; with `admin_password` it makes the first admin without a link.
    pub admin_email: Option<String>,
    /// The first admin's password.
    pub admin_password: Option<SecretString>,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long a session lives without being used.
    pub session_idle: Duration,
    /// How long a session lives at the most.
    pub session_lifetime: Duration,
    /// Whether anybody may register.
    pub registration: bool,
}

impl Auth {
    fn from_source(source: &mut Source) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            admin_email: source.maybe("ANNEX_ADMIN_EMAIL", "auth.admin_email", "an e-mail address"),
            admin_password: source
                .maybe("ANNEX_ADMIN_PASSWORD", "auth.admin_password", "a password of 15 to 256 characters")
                .map(|password: String| SecretString::from(password)),
            access_token_lifetime: source
                .get(
                    "ANNEX_ACCESS_TOKEN_LIFETIME",
                    "auth.access_token_lifetime",
                    Seconds::ALLOWED,
                    Seconds::of(10 * 60),
                )
                .0,
            session_idle: source
                .get("ANNEX_SESSION_IDLE", "auth.session_idle", Seconds::ALLOWED, Seconds::of(30 * DAY))
                .0,
            session_lifetime: source
                .get(
                    "ANNEX_SESSION_LIFETIME",
                    "auth.session_lifetime",
                    Seconds::ALLOWED,
                    Seconds::of(180 * DAY),
                )
                .0,
            registration: source.get("ANNEX_REGISTRATION", "auth.registration", "true or false", true),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: one JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Logs, metrics and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// What is logged, in `tracing-subscriber`'s filter syntax.
    pub log: String,
    /// How; pretty on a terminal and JSON otherwise where nothing is set.
    pub log_format: Option<LogFormat>,
    /// Where traces go (OTLP over HTTP); nowhere where nothing is set.
    pub otlp_endpoint: Option<String>,
    /// The bearer token that `/metrics` asks for; without it only callers on the same machine are answered.
    pub metrics_token: Option<SecretString>,
}

impl Telemetry {
    fn from_source(source: &mut Source) -> Self {
        Self {
            log: source.get(
                "ANNEX_LOG",
                "telemetry.log",
                "a filter, such as info or annex=debug",
                // What these say of themselves helps only whoever works on Annex.
                "info,actix_server=warn,sqlx=error".to_owned(),
            ),
            log_format: source.maybe("ANNEX_LOG_FORMAT", "telemetry.log_format", "pretty or json"),
            otlp_endpoint: source.maybe(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "telemetry.otlp_endpoint",
                "a URL, such as http://127.0.0.1:4318",
            ),
            metrics_token: source
                .maybe("ANNEX_METRICS_TOKEN", "telemetry.metrics_token", "a secret")
                .map(|token: String| SecretString::from(token)),
        }
    }
}

/// What is kept of requests, for `GET /v1/requests`.
#[derive(Debug, Clone)]
pub struct RequestLog {
    /// Whether they are kept at all.
    pub enabled: bool,
    /// For how long.
    pub keep: Duration,
    /// How many at the most.
    pub rows: usize,
}

impl RequestLog {
    fn from_source(source: &mut Source) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            enabled: source.get("ANNEX_REQUEST_LOG", "request_log.enabled", "true or false", true),
            keep: source
                .get("ANNEX_REQUEST_LOG_KEEP", "request_log.keep", Seconds::ALLOWED, Seconds::of(7 * DAY))
                .0,
            rows: source
                .get(
                    "ANNEX_REQUEST_LOG_ROWS",
                    "request_log.rows",
                    "a number of requests, at least 1",
                    source::AtLeast::<1>(1_000_000),
                )
                .0,
        }
    }
}

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
    fn from_source(source: &mut Source) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(env: &[(&str, &str)], file: &str) -> Result<Config, String> {
        let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let file = (!file.is_empty()).then_some(file);
        Source::new(env, file).and_then(Config::from_source).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_a_whole_configuration() {
        let config = load(&[], "").unwrap();
        assert_eq!(config.server.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.server.allowed_origins, ["http://127.0.0.1:3000"]);
        assert!(config.database.url.is_none());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n";
        let config = load(&[("ANNEX_LISTEN", "127.0.0.1:2")], file).unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.server.workers, 3);
    }

    #[test]
    fn every_wrong_value_is_told_at_once_with_what_is_allowed() {
        let file = "[server]\nlisen = \"127.0.0.1:1\"\n[auth]\nregistration = \"perhaps\"\n";
        let message = load(&[("ANNEX_LISTEN", "8080"), ("ANNEX_MAX_BODY", "lots")], file).unwrap_err();
        insta::assert_snapshot!(message, @r#"
        The configuration is not valid:
          ANNEX_LISTEN is "8080", but must be an address and a port, such as 127.0.0.1:8080
          ANNEX_MAX_BODY is "lots", but must be a number of bytes, such as 8MiB or 1048576
          auth.registration is "perhaps", but must be true or false
          server.lisen is not a setting; did you mean server.listen?
        "#);
    }

    #[test]
    fn an_unknown_variable_of_ours_is_told() {
        let message = load(&[("ANNEX_LISTN", "127.0.0.1:1")], "").unwrap_err();
        assert!(message.contains("ANNEX_LISTN is not a setting; did you mean ANNEX_LISTEN?"), "{message}");
    }

    #[test]
    fn a_secret_is_not_shown_in_an_error() {
        let message = load(&[("ANNEX_DATABASE_URL", "mysql://u:hunter2@h/d")], "").unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
        let file = "[server]\nworkers = 3\n[auth]\nadmin_password = \"hunter2\n";
        let message = load(&[], file).unwrap_err();
        assert!(message.contains("line 4") && !message.contains("hunter2"), "{message}");
        let message = load(&[], "[auth]\nadmin_password = hunter2\n").unwrap_err();
        assert!(message.contains("line 2") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn an_empty_value_is_none() {
        let file = "[telemetry]\nmetrics_token = \"\"\n[database]\nurl = \"\"\n[server]\nlisten = \"\"\n";
        let config = load(&[("ANNEX_ADMIN_PASSWORD", "")], file).unwrap();
        assert!(config.telemetry.metrics_token.is_none());
        assert!(config.database.url.is_none() && config.auth.admin_password.is_none());
        assert_eq!(config.server.listen.port(), 8080);
    }

    #[test]
    fn what_kubernetes_says_of_services_is_passed_over() {
        let of_services = [
            ("ANNEX_SERVICE_HOST", "10.0.0.1"),
            ("ANNEX_SERVICE_PORT", "8080"),
            ("ANNEX_SERVICE_PORT_HTTP", "8080"),
            ("ANNEX_PORT", "tcp://10.0.0.1:8080"),
            ("ANNEX_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("ANNEX_PORT_8080_TCP_PROTO", "tcp"),
            ("ANNEX_PORT_8080_TCP_PORT", "8080"),
            ("ANNEX_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("ANNEX_DB_PORT_5432_TCP_PORT", "5432"),
        ];
        load(&of_services, "").unwrap();
        load(&[("ANNEX_PORT", "9000")], "").unwrap_err();
        load(&[("ANNEX_PORT_NAME_TCP", "9000")], "").unwrap_err();
    }

    #[test]
    fn a_number_out_of_range_is_told_with_what_is_allowed() {
        let message = load(&[("ANNEX_WORKERS", "0")], "").unwrap_err();
        assert!(message.contains("at least 1"), "{message}");
        let message = load(&[("ANNEX_STATEMENT_TIMEOUT", "25d")], "").unwrap_err();
        assert!(message.contains("from 1 to 2147483"), "{message}");
        let config = load(&[("ANNEX_STATEMENT_TIMEOUT", "2147483")], "").unwrap();
        assert_eq!(config.database.statement_timeout.as_secs(), 2_147_483);
    }
}
