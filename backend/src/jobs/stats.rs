//! `GET /v1/jobs/stats`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::stats::JobStats;
use annex_openapi::problem::Problem as ProblemBody;

use super::patience::patiently;
use super::store::stats;
use crate::app::App;
use crate::extract::{Admin, Parameters, Query};
use crate::problem::Result;

/// What may be asked for.
#[derive(Debug)]
pub struct StatsParameters {
    queue: Option<String>,
    kind: Option<String>,
    minutes: i32,
}

impl Default for StatsParameters {
    fn default() -> Self {
        Self { queue: None, kind: None, minutes: 60 }
    }
}

impl Parameters for StatsParameters {
    const NAMES: &'static [&'static str] = &["queue", "kind", "minutes"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "queue" => self.queue = Some(value.into_owned()),
            "kind" => self.kind = Some(value.into_owned()),
            _ => {
                let minutes = value.parse().ok().filter(|minutes| (1..=180).contains(minutes));
                self.minutes = minutes.ok_or("must be a whole number from 1 to 180")?;
            }
        }
        Ok(())
    }
}

/// Read what became of jobs lately: how many ended well or not in each minute, how long they waited and took. For admins.
///
/// Of a minute with thousands of attempts the first ones are looked at, and the others reckoned from them. Jobs that are not kept any
/// more do not count.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `statement_timeout`
#[utoipa::path(
    get, path = "/v1/jobs/stats", operation_id = "jobs_stats", tag = "jobs",
    params(
        ("queue" = Option<String>, Query, description = "Only those of that queue", example = "default"),
        ("kind" = Option<String>, Query, description = "Only those of that kind", example = "email.send"),
        ("minutes" = Option<u16>, Query, description = "How many minutes, up to now: 1 to 180", minimum = 1, maximum = 180, example = 60),
    ),
    responses(
        (status = 200, description = "What became of them", body = JobStats),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn stats(_: Admin, app: Data<App>, Query(asked): Query<StatsParameters>) -> Result<HttpResponse> {
    let StatsParameters { queue, kind, minutes } = asked;
    let read = async || stats::minutes(&app.db.pool, queue.as_deref(), kind.as_deref(), minutes).await;
    let minutes = patiently(read).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(JobStats { minutes }))
}
