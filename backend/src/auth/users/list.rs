//! `GET /v1/users`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::auth::UserPage;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::auth::store::users as store;
use crate::extract::{Admin, PageParameters, Parameters, Prefer, Query};
use crate::problem::Result;

/// What the list may be asked.
#[derive(Debug, Default)]
pub struct ListParameters {
    page: PageParameters,
    search: Option<String>,
}

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "search"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "search" => self.search = Some(value.into_owned()),
            _ => self.page.set(name, value)?,
        }
        Ok(())
    }
}

/// List accounts, the newest first. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/users", operation_id = "users_list", tag = "users",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("search" = Option<String>, Query, description = "A part of the address or of the name, in any case", example = "ada"),
        ("Prefer" = Option<String>, Header, description = "`count=exact` adds `count`", example = "count=exact"),
    ),
    responses(
        (status = 200, description = "A page of accounts", body = UserPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    _: Admin,
    app: Data<App>,
    prefer: Prefer,
    Query(parameters): Query<ListParameters>,
) -> Result<HttpResponse> {
    let ListParameters { page, search } = parameters;
    let scope = [b"users:", search.as_deref().unwrap_or_default().as_bytes()].concat();
    let after = page.after(&app.cursors, &scope)?;
    let mut items = store::list(&app.db.pool, search.as_deref(), after, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |user| user.id, &app.cursors, &scope);
    let mut response = HttpResponse::Ok();
    // Accounts are few enough to be counted where an estimate would do.
    let count = match prefer.count {
        Some(_) => {
            response.insert_header(("preference-applied", "count=exact"));
            Some(store::count(&app.db.pool, search.as_deref()).await?)
        }
        None => None,
    };
    Ok(response.json(UserPage { items, next_cursor, count }))
}
