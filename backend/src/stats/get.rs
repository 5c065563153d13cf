//! `GET /v1/stats`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::stats::{CollectionSize, Resolution, Stats};
use time::{Duration, OffsetDateTime};

use crate::app::App;
use crate::collections;
use crate::extract::{Admin, Parameters, Query, moment};
use crate::problem::Result;

/// How long the sizes of collections are good for.
const SIZES_KEPT: Duration = Duration::seconds(10);

/// What may be asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatsParameters {
    resolution: Resolution,
    since: Option<OffsetDateTime>,
}

impl Parameters for StatsParameters {
    const NAMES: &'static [&'static str] = &["resolution", "since"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match (name, value.as_ref()) {
            ("resolution", "10s") => self.resolution = Resolution::TenSeconds,
            ("resolution", "1m") => self.resolution = Resolution::Minute,
            ("resolution", _) => return Err("must be 10s or 1m".to_owned()),
            (_, value) => self.since = Some(moment(value)?),
        }
        Ok(())
    }
}

/// Read how busy the server has been. For admins.
///
/// Counts and latencies of the last hour in buckets of 10 seconds, or of the last day in minutes, for live charts. A
/// bucket is told once it has ended; `since` asks for newer ones alone. Each server counts for itself, from its start.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`
#[utoipa::path(
    get, path = "/v1/stats", operation_id = "stats_get", tag = "system",
    params(
        ("resolution" = Option<Resolution>, Query, description = "How long each bucket is: `10s` (for an hour) where nothing is said, or `1m` (for a day)", example = "10s"),
        ("since" = Option<String>, Query, description = "Only buckets that began after this moment, such as `at` of the last one", format = "date-time", example = "2026-01-31T12:00:00Z"),
    ),
    responses(
        (status = 200, description = "How busy it has been", body = Stats),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    _: Admin,
    app: Data<App>,
    Query(parameters): Query<StatsParameters>,
) -> Result<HttpResponse> {
    let StatsParameters { resolution, since } = parameters;
    let now = app.clock.now();
    let stats = Stats {
        instance: app.instance,
        started_at: app.started_at,
        resolution,
        buckets: app.stats.buckets(since, resolution, now),
        collections: sizes(&app, now).await?,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(stats))
}

/// How large the collections are, asked of the database now and then.
async fn sizes(app: &App, now: OffsetDateTime) -> Result<Vec<CollectionSize>> {
    let mut kept = app.stats.sizes.lock().await;
    match &*kept {
        Some((at, sizes)) if now - *at < SIZES_KEPT => Ok(sizes.clone()),
        _ => {
            let sizes = collections::sizes(&app.db.pool).await?;
            *kept = Some((now, sizes.clone()));
            Ok(sizes)
        }
    }
}
