//! What can be set: one struct per concern, each read from the environment and an optional TOML file.
//!
//! The environment wins over the file. All wrong values are told at once, each with its key, its value
//! and what is allowed.

mod auth;
mod console;
mod database;
mod jobs;
mod mail;
mod outbound;
mod realtime;
mod request_log;
mod server;
mod source;
mod telemetry;
mod webhooks;

pub use auth::Auth;
pub use console::Console;
pub use database::Database;
pub use jobs::Jobs;
pub use mail::Mail;
pub use outbound::{Allowed, Outbound};
pub use realtime::{ChangeSource, Realtime};
pub use request_log::RequestLog;
pub use server::Server;
pub use source::{ConfigError, Source};
pub use telemetry::{LogFormat, Telemetry};
pub use webhooks::Webhooks;

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
    /// How mail is sent.
    pub mail: Mail,
    /// Calls to other hosts.
    pub outbound: Outbound,
    /// Durable jobs.
    pub jobs: Jobs,
    /// Changes of rows, told as they are committed.
    pub realtime: Realtime,
    /// What other programs are told.
    pub webhooks: Webhooks,
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
            mail: Mail::from_source(&mut source),
            outbound: Outbound::from_source(&mut source),
            jobs: Jobs::from_source(&mut source),
            realtime: Realtime::from_source(&mut source),
            webhooks: Webhooks::from_source(&mut source),
            console: Console::from_source(&mut source),
        };
        source.finish()?;
        Ok(config)
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
