//! The document that describes the API.

use serde_json::Value;

use super::{Api, ApiError, Call};

impl Api {
    /// The document, as this session may see it.
    pub async fn document(self) -> Result<Value, ApiError> {
        self.fetch(Call::get("/v1/openapi.json")).await
    }

    /// The key of some row of a collection, its parts with commas between them; `None` where there is none to be had.
    pub async fn first_key(self, collection: &str, primary_key: &[String]) -> Option<String> {
        let call = Call::get(format!("/v1/records/{collection}"));
        let call = call.query("limit", 1).query("fields", primary_key.join(","));
        let page: Value = self.fetch(call).await.ok()?;
        let row = page["items"].get(0)?;
        let part = |name: &String| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
        Some(primary_key.iter().map(part).collect::<Vec<_>>().join(","))
    }
}
