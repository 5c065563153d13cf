//! `POST /v1/jobs/{id}/heartbeat`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::leases::{Heartbeat, HeartbeatRequest};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::Faults;
use super::lease::stale;
use super::path::Id;
use super::patience::patiently;
use super::queues::claim::{LEASE_SECONDS, MOST_LEASE_SECONDS};
use super::store::leases;
use crate::app::App;
use crate::extract::{Json, NoParameters, Query, Worker};
use crate::problem::Result;

/// Say that a job is worked on. For workers and admins.
///
/// The lease, with all jobs that came with it, goes on for so long from now on.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `stale_lease`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/{id}/heartbeat", operation_id = "jobs_heartbeat", tag = "workers",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = HeartbeatRequest, example = json!({"lease_token": "17-1-0d9WQ3cXmJ5f2kTe", "lease_seconds": 60})),
    responses(
        (status = 200, description = "The lease goes on", body = Heartbeat),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn heartbeat(
    _: Worker,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
    Json(said): Json<HeartbeatRequest>,
) -> Result<HttpResponse> {
    let token = app.jobs.leases.read(&said.lease_token)?;
    let mut faults = Faults::default();
    faults.bound("", "lease_seconds", said.lease_seconds, 1.0, MOST_LEASE_SECONDS);
    faults.check()?;
    let held = token.held(&app, id).await?;
    let seconds = said.lease_seconds.unwrap_or(LEASE_SECONDS);
    let extended = patiently(async || {
        let mut connection = app.db.pool.acquire().await?;
        leases::extend(&mut connection, token.lease, seconds).await
    });
    let lease_expires_at = extended.await?.ok_or_else(stale)?;
    Ok(HttpResponse::Ok().json(Heartbeat { lease_expires_at, cancel_requested: held.cancel_requested }))
}
