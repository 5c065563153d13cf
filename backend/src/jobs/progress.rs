//! `POST /v1/jobs/{id}/progress`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::leases::{ProgressNoted, ProgressRequest};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::Faults;
use super::path::Id;
use super::patience::patiently;
use super::store;
use crate::app::App;
use crate::extract::{Json, NoParameters, Query, Worker};
use crate::problem::Result;

/// Say how far a job has come, and write lines into its log. For workers and admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `stale_lease`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/{id}/progress", operation_id = "jobs_progress", tag = "workers",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = ProgressRequest, example = json!({"lease_token": "17-1-0d9WQ3cXmJ5f2kTe", "progress": 0.4, "message": "4 of 10 pages", "log": [{"level": "info", "message": "Page 4 is done"}]})),
    responses(
        (status = 200, description = "It is noted", body = ProgressNoted),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn progress(
    _: Worker,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
    Json(said): Json<ProgressRequest>,
) -> Result<HttpResponse> {
    let token = app.jobs.leases.read(&said.lease_token)?;
    check(&said)?;
    let held = token.held(&app, id).await?;
    if said.progress.is_some() || said.message.is_some() {
        let message = said.message.as_deref();
        patiently(async || store::set_progress(&app.db.pool, id, held.attempt, said.progress, message).await)
            .await?;
    }
    let lines: Vec<(&str, &str)> =
        said.log.iter().flatten().map(|line| (line.level.as_str(), line.message.as_str())).collect();
    if !lines.is_empty() {
        patiently(async || store::append_log(&app.db.pool, id, held.attempt, &lines).await).await?;
    }
    Ok(HttpResponse::Ok().json(ProgressNoted { cancel_requested: held.cancel_requested }))
}

/// The longest line, in bytes.
const MAX_LINE: usize = 8 << 10;

fn check(said: &ProgressRequest) -> Result<()> {
    let mut faults = Faults::default();
    faults.bound("", "progress", said.progress, 0.0, 1.0);
    let mut line = |pointer: String, text: &str| {
        if text.len() > MAX_LINE {
            faults.add(pointer, "out_of_range", format!("it is longer than {MAX_LINE} bytes"));
        } else if text.contains('\0') {
            faults.add(pointer, "invalid", "it has a NUL character in it");
        }
    };
    if let Some(message) = &said.message {
        line("/message".to_owned(), message);
    }
    for (index, entry) in said.log.iter().flatten().enumerate() {
        line(format!("/log/{index}/message"), &entry.message);
    }
    if said.log.as_ref().is_some_and(|log| log.len() > 1000) {
        faults.add("/log", "out_of_range", "there are at most 1000 lines at a time");
    }
    faults.check()
}
