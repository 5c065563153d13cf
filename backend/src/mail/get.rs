//! `GET /v1/outbox/{id}`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use annex_openapi::outbox::OutboxMail;
use annex_openapi::problem::Problem as ProblemBody;
use uuid::Uuid;

use super::store;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::{Problem, Result};

/// Read a mail that was not sent. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/outbox/{id}", operation_id = "outbox_get", tag = "outbox",
    params(("id" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, description = "The mail", body = OutboxMail),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, id: Path<String>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let missing = || Problem::not_found("such mail in the outbox");
    let id = Uuid::parse_str(&id).map_err(|_| missing())?;
    let mail = store::get(&app.db.pool, id).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(mail))
}
