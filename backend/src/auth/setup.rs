//! The first admin: made from the configuration, or by whoever has the one-time token of the server's start.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::email::Email;
use super::password::{Hasher, Password};
use super::store;
use super::store::users::NewUser;
use crate::clock::{Clock, Random};
use crate::config;
use crate::extract::ADMIN;
use crate::problem::Problem;

/// Tells the token from other secrets, for people and for scanners.
const PREFIX: &str = "annex_setup_";

/// Why sign-in cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The configured address or password of the first admin cannot be used.
    #[error("{variable} {detail}")]
    Setting {
        /// Which.
        variable: &'static str,
        /// What it must be.
        detail: String,
    },
    /// One of the two is missing.
    #[error("ANNEX_ADMIN_EMAIL and ANNEX_ADMIN_PASSWORD make the first admin together: set both, or neither")]
    Half,
    /// Somebody has an account with the configured address.
    #[error(
        "ANNEX_ADMIN_EMAIL is the address of an account that is not an admin's who can sign in; name another, or take it away to get a one-time link"
    )]
    Taken,
    /// The database or the system failed.
    #[error("sign-in cannot be prepared: {0}")]
    Failed(#[from] Problem),
    /// The database failed.
    #[error("sign-in cannot be prepared: {0}")]
    Database(#[from] sqlx::Error),
}

/// Makes sure that there is an admin who can sign in, or a way to become the first one: the token, where there is none.
pub(super) async fn first_admin(
    config: &config::Auth,
    pool: &PgPool,
    hasher: &Hasher,
    clock: &Clock,
    random: Random,
) -> Result<Option<SecretString>, SetupError> {
    let named = named(config)?;
    let mut transaction = crate::db::begin(pool).await?;
    store::setup::lock(&mut transaction).await?;
    if store::setup::has_admin(&mut transaction).await? {
        return Ok(None);
    }
    let token = match named {
        Some((email, password)) => {
            let hash = hasher.hash(&password).await?;
            let admin = NewUser {
                id: clock.uuid_v7(),
                email: &email,
                password_hash: Some(&hash),
                display_name: None,
                verified: true,
                roles: &[ADMIN.to_owned()],
                now: clock.now(),
            };
            store::users::insert(&mut transaction, &admin).await.map_err(
                |error| match store::account_problem(error) {
                    problem if problem.code == crate::problem::Code::EmailTaken => SetupError::Taken,
                    problem => problem.into(),
                },
            )?;
            store::setup::forget_token(&mut transaction).await?;
            None
        }
        None => {
            let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()));
            store::setup::keep_token(&mut transaction, &hash(&token)).await?;
            Some(SecretString::from(token))
        }
    };
    transaction.commit().await?;
    Ok(token)
}

/// What the database keeps of a token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn named(config: &config::Auth) -> Result<Option<(Email, Password)>, SetupError> {
    let (email, password) = match (&config.admin_email, &config.admin_password) {
        (Some(email), Some(password)) => (email, password),
        (None, None) => return Ok(None),
        _ => return Err(SetupError::Half),
    };
    let setting = |variable| move |detail| SetupError::Setting { variable, detail };
    let email = Email::parse(email).map_err(setting("ANNEX_ADMIN_EMAIL"))?;
    let password =
        Password::parse(password.expose_secret(), &email).map_err(setting("ANNEX_ADMIN_PASSWORD"))?;
    Ok(Some((email, password)))
}
