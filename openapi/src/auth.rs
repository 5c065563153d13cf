//! Accounts, sign-in and tokens.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Creates an account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The address that signs in; compared without regard to case.
    #[schema(format = "email", example = "ada@example.com", max_length = 254)]
    pub email: String,
    /// 15 to 256 characters.
    #[schema(format = "password", min_length = 15, max_length = 256, example = "seven quiet otters")]
    pub password: String,
    /// How the person wants to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Ada")]
    pub display_name: Option<String>,
}

/// Signs in with a password.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The account's address.
    #[schema(format = "email", example = "ada@example.com", max_length = 254)]
    pub email: String,
    /// The account's password.
    #[schema(format = "password", max_length = 256, example = "seven quiet otters")]
    pub password: String,
}

/// Makes the first admin with the one-time token that the server printed at its start.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapRequest {
    /// The one-time token.
    #[schema(example = "annex_setup_q0Z…")]
    pub token: String,
    /// The admin's address.
    #[schema(format = "email", example = "ada@example.com", max_length = 254)]
    pub email: String,
    /// The admin's password, 15 to 256 characters.
    #[schema(format = "password", min_length = 15, max_length = 256, example = "seven quiet otters")]
    pub password: String,
}

/// Trades a refresh token for a new pair.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: String,
}

/// An access token, the refresh token that renews it, and whose they are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenResponse {
    /// A JWT (EdDSA) for `Authorization: Bearer`.
    pub access_token: String,
    /// An opaque token for `POST /v1/auth/refresh`, good for one use.
    pub refresh_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// How long the access token lives, in seconds.
    #[schema(example = 600)]
    pub expires_in: i64,
    /// The account that signed in.
    pub user: User,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// UUIDv7.
    pub id: Uuid,
    /// The address that signs in.
    #[schema(format = "email", example = "ada@example.com")]
    pub email: String,
    /// Whether the address is known to be the account's own.
    pub verified: bool,
    /// How the person wants to be called.
    pub display_name: Option<String>,
    /// What the account may do beyond the rules; `admin` may do everything.
    #[schema(example = json!(["admin"]))]
    pub roles: Vec<String>,
    /// Whether the account may sign in.
    pub disabled: bool,
    /// When the account was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the account last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}
