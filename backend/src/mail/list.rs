//! `GET /v1/outbox`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::outbox::OutboxPage;
use annex_openapi::problem::Problem as ProblemBody;

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

/// List the mails that were not sent, the newest first. For admins.
///
/// Where no mail server is set, jobs of the kind `email.send` put their mail here. The last 1,000 are kept.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/outbox", operation_id = "outbox_list", tag = "outbox",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of mails", body = OutboxPage),
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
    let after = page.after(&app.cursors, b"outbox")?;
    let mut items = store::list(&app.db.pool, after, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |mail| mail.id, &app.cursors, b"outbox");
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(OutboxPage { items, next_cursor }))
}
