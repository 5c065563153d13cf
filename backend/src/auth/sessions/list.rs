//! `GET /v1/sessions`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::auth::SessionPage;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::auth::session::idle_since;
use crate::auth::store::sessions as store;
use crate::extract::{PageParameters, Parameters, Query, SignedIn};
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

/// List where one is signed in, the newest first.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "sessions_list", tag = "sessions",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of live sessions", body = SessionPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    SignedIn(caller): SignedIn,
    app: Data<App>,
    Query(ListParameters(page)): Query<ListParameters>,
) -> Result<HttpResponse> {
    let scope = [b"sessions:", caller.user_id.as_bytes().as_slice()].concat();
    let after = page.after(&app.cursors, &scope)?;
    let (now, idle_since) = (app.clock.now(), idle_since(&app));
    let mut items =
        store::list(&app.db.pool, caller.user_id, caller.session_id, after, page.rows(), now, idle_since)
            .await?;
    let next_cursor = page.cut(&mut items, |session| session.id, &app.cursors, &scope);
    Ok(HttpResponse::Ok().json(SessionPage { items, next_cursor }))
}
