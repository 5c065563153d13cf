//! `GET /v1/jobs`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{JobFilter, JobPage, JobState};
use annex_openapi::problem::Problem as ProblemBody;

use super::filter;
use super::patience::patiently;
use super::store::{self, jobs};
use crate::app::App;
use crate::extract::{Admin, Count, PageParameters, Parameters, Prefer, Query};
use crate::problem::Result;

/// What the list may be asked.
#[derive(Debug, Default)]
pub struct ListParameters {
    page: PageParameters,
    filter: JobFilter,
}

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] =
        &["limit", "cursor", "state", "kind", "queue", "tag", "batch", "schedule", "args", "since", "until"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        if filter::set(&mut self.filter, name, &value)? { Ok(()) } else { self.page.set(name, value) }
    }
}

/// List jobs, the newest first. For admins.
///
/// Jobs that stand in a state are found quickly whatever else there is; other filters are quick where what they mean is not rare
/// among the newest jobs. An estimated count is exact up to 10,000.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `invalid_parameter`, `invalid_cursor`, `statement_timeout`
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "jobs_list", tag = "jobs",
    params(
        ("limit" = Option<u16>, Query, description = "How many, 1 to 1000", minimum = 1, maximum = 1000, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same filter"),
        ("state" = Option<JobState>, Query, description = "Where they stand", example = "failed"),
        ("kind" = Option<String>, Query, description = "Their kind", example = "email.send"),
        ("queue" = Option<String>, Query, description = "Their queue", example = "default"),
        ("tag" = Option<String>, Query, description = "A tag of theirs", example = "invoices"),
        ("batch" = Option<Uuid>, Query, description = "Their batch"),
        ("schedule" = Option<String>, Query, description = "The schedule that enqueued them", example = "nightly"),
        ("args" = Option<String>, Query, description = "JSON that their arguments contain, as Postgres's `@>` has it", example = r#"{"to":"ada@example.com"}"#),
        ("since" = Option<String>, Query, description = "Only those that were enqueued then or later", format = "date-time", example = "2026-01-31T12:00:00Z"),
        ("until" = Option<String>, Query, description = "Only those that were enqueued before", format = "date-time", example = "2026-01-31T13:00:00Z"),
        ("Prefer" = Option<String>, Header, description = "`count=exact` or `count=estimated` adds `count`"),
    ),
    responses(
        (status = 200, description = "A page of jobs", body = JobPage),
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
    let ListParameters { page, filter } = parameters;
    let scope = format!("jobs:{filter:?}").into_bytes();
    let after = page.after(&app.cursors, &scope)?;
    let (mut items, count) = patiently(async || {
        // A job that moves on between the two statements would be shown as it was not asked for.
        let mut transaction =
            app.db.pool.begin_with("begin isolation level repeatable read read only").await?;
        let ids = store::matching(
            &mut transaction,
            &filter,
            filter.state.as_ref().map(std::slice::from_ref),
            after,
            page.rows(),
        )
        .await?;
        let items = jobs::read(&mut *transaction, &ids, true).await?;
        let count = match prefer.count {
            None => None,
            Some(Count::Estimated) => {
                Some(store::estimated_count(&mut transaction, &filter, filter.state).await?)
            }
            Some(_) => Some(store::count(&mut transaction, &filter, filter.state, None).await?),
        };
        transaction.rollback().await?;
        Ok::<_, sqlx::Error>((items, count))
    })
    .await?;
    let next_cursor = page.cut(&mut items, |job| job.id, &app.cursors, &scope);
    Ok(HttpResponse::Ok().json(JobPage { items, next_cursor, count }))
}
