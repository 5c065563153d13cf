//! `GET /v1/channels`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::channels::ChannelPage;
use annex_openapi::problem::Problem as ProblemBody;

use super::{store, told};
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// List the channels: topics on which clients and programs say things to one another. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/channels", operation_id = "channels_list", tag = "channels",
    responses(
        (status = 200, description = "The channels", body = ChannelPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let snapshot = app.catalogue.snapshot();
    let rows = store::list(&app.db.pool, None).await?;
    let items = rows.into_iter().map(|row| told(row, &snapshot)).collect();
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ChannelPage { items, next_cursor: None }))
}
