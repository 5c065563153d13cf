//! `/v1/auth`, `/v1/sessions`, `/v1/users`

mod bootstrap;
mod forgery;
mod impersonation;
mod keys;
mod load;
mod login;
mod password;
mod refresh;
mod register;
mod revocation;
mod sessions;
mod throttle;
mod users;

use annex_tests::{Answer, TestApp};
use serde_json::{Value, json};

/// What no answer may say, whoever asks.
const NEVER: &[&str] =
    &["password_hash", "refresh_hash", "$argon2", "private_key", "annex.users", "annex.sessions"];

/// Signs in with that password.
async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.anonymous().post("/v1/auth/login", json!({"email": email, "password": password})).await
}

/// Trades a refresh token.
async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await
}
