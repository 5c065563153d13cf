//! Requests that were answered.

use annex_openapi::requests::{LoggedRequest, RequestPage};

use super::{Api, ApiError, Call};

impl Api {
    /// A page of requests, the newest first. `filters` are parameters of the list, by name.
    pub async fn requests(
        self,
        filters: &[(&str, String)],
        limit: u16,
        cursor: Option<String>,
    ) -> Result<RequestPage, ApiError> {
        let call = Call::get("/v1/requests").query("limit", limit).query_opt("cursor", cursor);
        self.fetch(filters.iter().fold(call, |call, (name, value)| call.query(name, value))).await
    }

    /// A request, by its id.
    pub async fn request(self, id: &str) -> Result<LoggedRequest, ApiError> {
        let id = String::from(js_sys::encode_uri_component(id));
        self.fetch(Call::get(format!("/v1/requests/{id}"))).await
    }
}
