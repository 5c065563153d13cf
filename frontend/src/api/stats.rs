//! How busy the server has been.

use annex_openapi::stats::{Resolution, Stats};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Api, ApiError, Call};

impl Api {
    /// How busy the server has been, after a moment where one is given.
    pub async fn stats(
        self,
        resolution: Resolution,
        since: Option<OffsetDateTime>,
    ) -> Result<Stats, ApiError> {
        let resolution = match resolution {
            Resolution::TenSeconds => "10s",
            Resolution::Minute => "1m",
        };
        let since = since.and_then(|since| since.format(&Rfc3339).ok());
        self.fetch(Call::get("/v1/stats").query("resolution", resolution).query_opt("since", since)).await
    }
}
