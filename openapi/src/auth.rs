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
    #[schema(min_length = 1, max_length = 200, example = "Ada")]
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

/// Changes one's own password; every other session of the account ends.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[schema(format = "password", max_length = 256, example = "seven quiet otters")]
    pub current_password: String,
    /// The password from now on, 15 to 256 characters.
    #[schema(format = "password", min_length = 15, max_length = 256, example = "eleven loud herons")]
    pub new_password: String,
}

/// One page of accounts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UserPage {
    /// The accounts of this page, the newest first.
    pub items: Vec<User>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many accounts there are in all; only where `Prefer: count=exact` or `count=estimated` asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub count: Option<i64>,
}

/// Makes an account for somebody.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// The address that signs in; compared without regard to case.
    #[schema(format = "email", example = "ada@example.com", max_length = 254)]
    pub email: String,
    /// 15 to 256 characters; without one the account cannot sign in with a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "password", min_length = 15, max_length = 256, example = "seven quiet otters")]
    pub password: Option<String>,
    /// How the person wants to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Ada")]
    pub display_name: Option<String>,
    /// Whether the address is known to be the account's own.
    #[serde(default)]
    #[schema(example = true)]
    pub verified: bool,
    /// What the account may do beyond the rules; `admin` may do everything.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["editor"]))]
    pub roles: Vec<String>,
}

/// Changes an account: the members that are there, and nothing else.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    /// The address that signs in.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(nullable = false, format = "email", example = "ada@example.com", max_length = 254)]
    pub email: Option<String>,
    /// A new password, 15 to 256 characters; it ends every session of the account.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(nullable = false, format = "password", min_length = 15, max_length = 256)]
    pub password: Option<String>,
    /// How the person wants to be called; null for no name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, example = "Ada")]
    pub display_name: Option<Option<String>>,
    /// Whether the address is known to be the account's own; a new address is not, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(nullable = false)]
    pub verified: Option<bool>,
    /// What the account may do beyond the rules, all of it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(nullable = false, max_items = 32, example = json!(["editor"]))]
    pub roles: Option<Vec<String>>,
    /// Whether the account may not sign in; true ends what it may do at once.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(nullable = false)]
    pub disabled: Option<bool>,
}

/// A member that is there, also where it is null: what is missing changes nothing.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(member: D) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// A token that acts as an account, for an admin. There is none to renew it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Impersonation {
    /// A JWT (EdDSA) for `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// How long it lives, in seconds; it ends with the admin's own session at the latest.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Its session, which `DELETE /v1/sessions/{id}` ends before.
    pub session_id: Uuid,
    /// The account.
    pub user: User,
}

/// A place where an account is signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// UUIDv7.
    pub id: Uuid,
    /// Whether the request came with this session's token.
    pub current: bool,
    /// The program that signed in, as it named itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64)")]
    pub user_agent: Option<String>,
    /// The network address that it signed in from.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// When it signed in.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When its tokens were last renewed.
    #[serde(with = "time::serde::rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// When it ends, however much it is used.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// The admin who acts as the account in it; null where it is the account itself.
    pub impersonated_by: Option<Uuid>,
}

/// One page of sessions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionPage {
    /// The sessions of this page, the newest first.
    pub items: Vec<Session>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The keys that access tokens are signed with (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// The public half of an Ed25519 key (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// The key, in base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Its name in a token's header: its thumbprint (RFC 7638).
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    pub kid: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub use_: String,
}
