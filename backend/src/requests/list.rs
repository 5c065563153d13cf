//! `GET /v1/requests`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::requests::RequestPage;
use uuid::Uuid;

use super::flush;
use super::store::{self, Wanted};
use crate::app::App;
use crate::extract::{Admin, PageParameters, Parameters, Query, moment};
use crate::problem::Result;
use crate::telemetry::Counters;

/// What the list may be asked.
#[derive(Debug, Default)]
pub struct ListParameters {
    page: PageParameters,
    wanted: Wanted,
}

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] =
        &["limit", "cursor", "status", "method", "path", "search", "user", "request_id", "since", "until"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        let wanted = &mut self.wanted;
        match name {
            "status" => {
                let (least, greatest) =
                    statuses(&value).ok_or("must be a status such as 404, or a class such as 4xx")?;
                wanted.least_status = Some(least);
                wanted.greatest_status = Some(greatest);
            }
            "method" => wanted.method = Some(value.to_ascii_uppercase()),
            "path" => wanted.path = Some(value.into_owned()),
            "search" => wanted.search = Some(value.into_owned()),
            "user" => {
                wanted.user = Some(Uuid::parse_str(&value).map_err(|_| "must be the id of an account")?)
            }
            "request_id" => wanted.request_id = Some(value.into_owned()),
            "since" => wanted.since = Some(moment(&value)?),
            "until" => wanted.until = Some(moment(&value)?),
            _ => self.page.set(name, value)?,
        }
        Ok(())
    }
}

/// `404`, or `4xx` for all from 400 to 499.
fn statuses(text: &str) -> Option<(i16, i16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: i16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let status: i16 = text.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some((status, status))
}

/// List the requests that were answered, the newest first. For admins.
///
/// All servers of the database write there, at the latest a second after the answer. Health checks, and requests for
/// this list and for `GET /v1/stats`, are left out. Neither bodies nor headers are kept, and of the query nothing that
/// looks like a secret. Where there are too many requests, successes are left out first; how many is in `GET /v1/stats`.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`
#[utoipa::path(
    get, path = "/v1/requests", operation_id = "requests_list", tag = "system",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("status" = Option<String>, Query, description = "A status, or a class of them", pattern = "^([1-5]xx|[1-5][0-9]{2})$", example = "4xx"),
        ("method" = Option<String>, Query, description = "A method", example = "POST"),
        ("path" = Option<String>, Query, description = "The beginning of the path", example = "/v1/records/"),
        ("search" = Option<String>, Query, description = "A part of the path or of the problem's detail, in any case, or the problem's code", example = "title"),
        ("user" = Option<Uuid>, Query, description = "The account that asked"),
        ("request_id" = Option<String>, Query, description = "As in `X-Request-Id`", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        ("since" = Option<String>, Query, description = "Only those that came then or later", format = "date-time", example = "2026-01-31T12:00:00Z"),
        ("until" = Option<String>, Query, description = "Only those that came before", format = "date-time", example = "2026-01-31T13:00:00Z"),
    ),
    responses(
        (status = 200, description = "A page of requests", body = RequestPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    _: Admin,
    app: Data<App>,
    counters: Data<Counters>,
    Query(parameters): Query<ListParameters>,
) -> Result<HttpResponse> {
    let ListParameters { page, wanted } = parameters;
    let scope = format!("requests:{wanted:?}").into_bytes();
    let after = page.after(&app.cursors, &scope)?;
    flush(&app, &counters).await?;
    let mut items = store::list(&app.db.pool, &wanted, after, page.rows()).await?;
    let next_cursor = page.cut(&mut items, |request| request.id, &app.cursors, &scope);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(RequestPage { items, next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_or_a_class() {
        assert_eq!(statuses("404"), Some((404, 404)));
        assert_eq!(statuses("5xx"), Some((500, 599)));
        for wrong in ["", "xx", "6xx", "0xx", "99", "600", "4x", "4XX", "-1xx", "4xxx", "404 "] {
            assert_eq!(statuses(wrong), None, "{wrong}");
        }
    }
}
