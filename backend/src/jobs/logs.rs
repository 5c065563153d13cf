//! `GET /v1/jobs/{id}/logs`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::JobLogPage;
use annex_openapi::problem::Problem as ProblemBody;

use super::no_such_job;
use super::path::Id;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Parameters, Query};
use crate::problem::Result;

const DEFAULT_LIMIT: i64 = 100;

/// Which lines are asked for.
#[derive(Debug, Default)]
pub struct LogParameters {
    limit: Option<i64>,
    after: i64,
}

impl Parameters for LogParameters {
    const NAMES: &'static [&'static str] = &["limit", "after"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=1000).contains(limit));
                self.limit = Some(limit.ok_or("must be a number from 1 to 1000")?);
            }
            _ => self.after = value.parse().ok().filter(|id| *id >= 0).ok_or("must be the id of a line")?,
        }
        Ok(())
    }
}

/// Read what a job's workers have written, the oldest first. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `invalid_parameter`
#[utoipa::path(
    get, path = "/v1/jobs/{id}/logs", operation_id = "jobs_logs", tag = "jobs",
    params(
        ("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000; 100 by default", minimum = 1, maximum = 1000, example = 100),
        ("after" = Option<i64>, Query, description = "The `id` of the last line that is known", minimum = 0, example = 0),
    ),
    responses(
        (status = 200, description = "A page of lines", body = JobLogPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn logs(
    _: Admin,
    app: Data<App>,
    Id(id): Id,
    Query(parameters): Query<LogParameters>,
) -> Result<HttpResponse> {
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    let mut items = jobs::log(&app.db.pool, id, parameters.after, limit + 1).await?;
    if items.is_empty() && jobs::read(&app.db.pool, &[id], true).await?.is_empty() {
        return Err(no_such_job());
    }
    let has_more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| has_more).map(|line| line.id.to_string());
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(JobLogPage { items, next_cursor }))
}
