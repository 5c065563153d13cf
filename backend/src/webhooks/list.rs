//! `GET /v1/webhooks`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::WebhookPage;

use super::store;
use crate::app::App;
use crate::extract::{Admin, PageParameters, Parameters, Query};
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

/// List the webhooks, the newest first. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "webhooks_list", tag = "webhooks",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of webhooks", body = WebhookPage),
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
    let before = page.after(&app.cursors, b"webhooks")?;
    let mut items = store::list(&app.db.pool, None, before, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |webhook| webhook.id, &app.cursors, b"webhooks");
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(WebhookPage { items, next_cursor }))
}
