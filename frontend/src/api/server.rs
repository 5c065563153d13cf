//! The server itself.

use annex_openapi::server::Server;

use super::{Api, ApiError, Call};

impl Api {
    /// The server that answers, and what is set for it.
    pub async fn server(self) -> Result<Server, ApiError> {
        self.fetch(Call::get("/v1/server")).await
    }
}
