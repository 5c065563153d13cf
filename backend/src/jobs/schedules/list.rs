//! `GET /v1/schedules`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::schedules::SchedulePage;
use annex_openapi::problem::Problem as ProblemBody;

use super::shown;
use crate::app::App;
use crate::extract::{Admin, PageParameters, Parameters, Query};
use crate::jobs::store::schedules;
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

/// List schedules with their next times, by name. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/schedules", operation_id = "schedules_list", tag = "schedules",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of schedules", body = SchedulePage),
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
    let after: Option<String> = page.after(&app.cursors, b"schedules")?;
    let mut rows = schedules::list(&app.db.pool, None, after.as_deref(), page.rows()).await?;
    let next_cursor = page.cut(&mut rows, |row| row.name.clone(), &app.cursors, b"schedules");
    let items = rows.into_iter().map(shown).collect();
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(SchedulePage { items, next_cursor }))
}
