//! One's own password, and where one is signed in.

use annex_openapi::auth::{PasswordChange, SessionPage};
use uuid::Uuid;

use super::{Api, ApiError, Call};

impl Api {
    /// Changes one's own password; every other session ends.
    pub async fn change_password(self, change: &PasswordChange) -> Result<(), ApiError> {
        self.send(Call::post("/v1/auth/password").json(change)).await.map(drop)
    }

    /// Where one is signed in, the newest first.
    pub async fn sessions(self, cursor: Option<String>) -> Result<SessionPage, ApiError> {
        self.fetch(Call::get("/v1/sessions").query("limit", 50).query_opt("cursor", cursor)).await
    }

    /// Ends a session.
    pub async fn end_session(self, id: Uuid) -> Result<(), ApiError> {
        self.send(Call::delete(format!("/v1/sessions/{id}"))).await.map(drop)
    }

    /// Ends every session but this one.
    pub async fn end_other_sessions(self) -> Result<(), ApiError> {
        self.send(Call::delete("/v1/sessions")).await.map(drop)
    }
}
