//! `GET /v1/jobs/{id}`

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::Job;
use annex_openapi::problem::Problem as ProblemBody;

use super::files::add_link;
use super::no_such_job;
use super::on_behalf::may_see;
use super::path::Id;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Parameters, Query, SignedIn};
use crate::problem::Result;

/// How long to wait.
#[derive(Debug, Default)]
pub struct GetParameters {
    wait: Duration,
}

impl Parameters for GetParameters {
    const NAMES: &'static [&'static str] = &["wait_seconds"];

    fn set(&mut self, _: &str, value: Cow<'_, str>) -> Result<(), String> {
        let seconds: Option<f64> = value.parse().ok().filter(|seconds| (0.0..=30.0).contains(seconds));
        self.wait = Duration::from_secs_f64(seconds.ok_or("must be a number from 0 to 30")?);
        Ok(())
    }
}

/// Read a job, with its attempts. For admins, and for whoever started it by an import or export with `Prefer: respond-async`.
///
/// Where it made a file, its result has `file` with the signed link `url`, a new one each time. With `wait_seconds` the answer comes when the job has ended or moved on, or when that time is over.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `not_found`, `invalid_parameter`
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "jobs_get", tag = "jobs",
    params(
        ("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        ("wait_seconds" = Option<f64>, Query, description = "How long to wait for a change, 0 to 30", minimum = 0, maximum = 30, example = 0),
    ),
    responses(
        (status = 200, description = "The job", body = Job),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    SignedIn(identity): SignedIn,
    app: Data<App>,
    Id(id): Id,
    Query(parameters): Query<GetParameters>,
) -> Result<HttpResponse> {
    let mut following = (!parameters.wait.is_zero()).then(|| app.jobs.followers.follow(&app, id));
    let read = async || {
        let job = jobs::get(&app.db.pool, id).await?;
        job.filter(|job| may_see(&app, &identity, job)).ok_or_else(no_such_job)
    };
    let mut job = read().await?;
    if let Some(following) = following.as_mut().filter(|_| !job.state.is_final()) {
        let moved = tokio::time::timeout(parameters.wait, following.moved_on(&job));
        if moved.await.is_ok() {
            job = read().await?;
        }
    }
    add_link(&app, &identity, &mut job);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(job))
}
