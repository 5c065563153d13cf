//! How the log is connected to: the database's own URL, over a connection that replicates.

use pgwire_replication::{ReplicationConfig, TlsConfig};
use rustls::crypto::aws_lc_rs;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::db::{InvalidUrl, split_verification};

/// What a value's text must not depend on.
const OPTIONS: &str =
    "-c timezone=UTC -c datestyle=ISO,YMD -c extra_float_digits=1 -c bytea_output=hex -c statement_timeout=0";

/// How the log of the database of that URL is connected to, with the changes of the tables of a publication.
///
/// # Errors
/// The URL cannot be used.
pub fn config(url: &SecretString, publication: &str) -> Result<ReplicationConfig, InvalidUrl> {
    let (url, verify) = split_verification(url.expose_secret());
    let config: Config = url.parse().map_err(|_| InvalidUrl)?;
    let user = config.get_user().unwrap_or("postgres");
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
    let database = config.get_dbname().unwrap_or(user);
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (host, socket) = match config.get_hosts().first() {
        Some(Host::Unix(path)) => (path.to_string_lossy().into_owned(), true),
        Some(Host::Tcp(host)) => (host.clone(), false),
        None => ("localhost".to_owned(), false),
    };
    let mut replication = ReplicationConfig::new(host, user, password, database, "", publication)
        .with_port(port)
        .with_options(OPTIONS)
        .with_application_name("annex feed")
        .with_status_interval(std::time::Duration::from_secs(1))
        .with_wakeup_interval(std::time::Duration::from_secs(5));
    if !socket && config.get_ssl_mode() != SslMode::Disable {
        // The library takes the process's own provider of cryptography; the first one that is set stays.
        let _set_before = aws_lc_rs::default_provider().install_default();
        let tls = match config.get_ssl_mode() {
            _ if verify => TlsConfig::verify_full(None),
            SslMode::Require => TlsConfig::require(),
            _ => TlsConfig { mode: pgwire_replication::SslMode::Prefer, ..TlsConfig::default() },
        };
        replication = replication.with_tls(tls);
    }
    Ok(replication)
}
