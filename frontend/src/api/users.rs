//! Accounts.

use annex_openapi::auth::{Impersonation, User, UserCreate, UserPage, UserUpdate};
use uuid::Uuid;

use super::{Api, ApiError, Call};

impl Api {
    /// A page of accounts, the newest first; the first page has their number.
    pub async fn users(self, search: &str, cursor: Option<String>) -> Result<UserPage, ApiError> {
        let search = Some(search.trim()).filter(|search| !search.is_empty());
        let mut call = Call::get("/v1/users").query("limit", 50).query_opt("search", search);
        call = match cursor {
            Some(cursor) => call.query("cursor", cursor),
            None => call.header("prefer", "count=exact"),
        };
        self.fetch(call).await
    }

    /// An account.
    pub async fn user(self, id: Uuid) -> Result<User, ApiError> {
        self.fetch(Call::get(format!("/v1/users/{id}"))).await
    }

    /// Makes an account.
    pub async fn create_user(self, user: &UserCreate) -> Result<User, ApiError> {
        self.fetch(Call::post("/v1/users").json(user)).await
    }

    /// Changes an account.
    pub async fn change_user(self, id: Uuid, change: &UserUpdate) -> Result<User, ApiError> {
        self.fetch(Call::patch(format!("/v1/users/{id}")).json(change)).await
    }

    /// Deletes an account.
    pub async fn delete_user(self, id: Uuid) -> Result<(), ApiError> {
        self.send(Call::delete(format!("/v1/users/{id}"))).await.map(drop)
    }

    /// A token that acts as an account.
    pub async fn impersonate(self, id: Uuid) -> Result<Impersonation, ApiError> {
        self.fetch(Call::post(format!("/v1/users/{id}/impersonate"))).await
    }
}
