//! `GET /v1/batches`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::batches::JobBatchPage;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::extract::{Admin, PageParameters, Parameters, Query};
use crate::jobs::store::batches;
use crate::problem::Result;

/// What the list may be asked.
#[derive(Debug, Default)]
pub struct ListParameters(PageParameters);

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] = &["limit", "cursor"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        self.0.set(name, value)
    }
}

/// List batches, the newest first. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/batches", operation_id = "batches_list", tag = "batches",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of batches", body = JobBatchPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    _: Admin,
    app: Data<App>,
    Query(ListParameters(page)): Query<ListParameters>,
) -> Result<HttpResponse> {
    let after = page.after(&app.cursors, b"batches")?;
    let mut items = batches::list(&app.db.pool, after, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |batch| batch.id, &app.cursors, b"batches");
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(JobBatchPage { items, next_cursor }))
}
