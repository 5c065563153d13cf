//! `GET /v1/hooks`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::hooks::HookPage;
use annex_openapi::problem::Problem as ProblemBody;

use super::store;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// List the hooks: programs that are asked before something is written. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/hooks", operation_id = "hooks_list", tag = "hooks",
    responses(
        (status = 200, description = "The hooks", body = HookPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let items = store::list(&app.db.pool, None).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(HookPage { items, next_cursor: None }))
}
