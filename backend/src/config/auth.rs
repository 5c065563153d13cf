//! Accounts and their sessions.

use std::time::Duration;

use secrecy::SecretString;

use super::source::{Seconds, Source};

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
    pub(super) fn from_source(source: &mut Source) -> Self {
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
