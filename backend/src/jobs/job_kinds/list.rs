//! `GET /v1/job-kinds`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::kinds::JobKindPage;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::jobs::store::kinds;
use crate::problem::Result;

/// List the kinds of jobs that servers run or that were described. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/job-kinds", operation_id = "job_kinds_list", tag = "job_kinds",
    responses(
        (status = 200, description = "The kinds", body = JobKindPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let items = kinds::list(&app.db.pool, None).await?;
    Ok(HttpResponse::Ok().json(JobKindPage { items, next_cursor: None }))
}
