//! `PUT /v1/schedules/{name}`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::jobs::schedules::{Schedule, ScheduleReplace};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check_job, check_timing, read, settle, shown, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, Parameters, Query};
use crate::jobs::create::check_args;
use crate::jobs::input::{self, Faults};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::schedules::{self, ScheduleRow};
use crate::problem::Result;

/// Whether it is only tried.
#[derive(Debug, Default)]
pub struct ReplaceParameters {
    dry_run: bool,
}

impl Parameters for ReplaceParameters {
    const NAMES: &'static [&'static str] = &["dry_run"];

    fn set(&mut self, _: &str, value: Cow<'_, str>) -> Result<(), String> {
        self.dry_run = value.parse().map_err(|_| "must be true or false".to_owned())?;
        Ok(())
    }
}

/// Say how a schedule is to be; it is made where there is none. For admins.
///
/// To say the same again changes nothing of when it is due, so a program may do it whenever it starts. With `dry_run` everything is checked,
/// the answer has the schedule's next times, and nothing is kept.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    put, path = "/v1/schedules/{name}", operation_id = "schedules_replace", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "nightly"),
        ("dry_run" = Option<bool>, Query, description = "Whether it is checked and nothing is kept", example = true),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = ScheduleReplace, example = json!({
        "job": {"kind": "report.send", "args": {"to": "ada@example.com"}}, "cron": "30 4 * * MON-FRI", "time_zone": "Europe/Vienna"})),
    responses(
        (status = 200, description = "The schedule", body = Schedule),
        (status = 201, description = "The schedule, which is new", body = Schedule),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replace(
    Admin(identity): Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    Query(parameters): Query<ReplaceParameters>,
    Json(said): Json<ScheduleReplace>,
) -> Result<HttpResponse> {
    let now = app.clock.now();
    let mut schedule = ScheduleRow {
        name,
        job: input::entry(&said.job, Some(identity.user_id))?.into(),
        cron: said.cron,
        time_zone: said.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        every_seconds: said.every_seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
        run_at: said.run_at,
        catch_up: said.catch_up.unwrap_or_default().as_str().to_owned(),
        paused: said.paused.unwrap_or_default(),
        next_at: None,
        last_at: None,
        last_job_id: None,
        created_by: Some(identity.user_id),
        began_at: now,
        created_at: now,
        updated_at: now,
    };
    let mut faults = Faults::default();
    check_job(&mut faults, &said.job);
    check_timing(&mut faults, &schedule);
    faults.check()?;
    check_args(&app, "/job", &said.job).await?;
    let created = patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let before = schedules::hold(&mut *transaction, &schedule.name).await?;
        wanted.check(before.as_ref().map(tag).as_deref())?;
        settle(&mut schedule, before.as_ref(), now)?;
        if parameters.dry_run {
            return Ok(None);
        }
        let created = schedules::replace(&mut transaction, &schedule).await?;
        transaction.commit().await?;
        Ok::<_, Failed>(Some(created))
    })
    .await?;
    let Some(created) = created else { return Ok(HttpResponse::Ok().json(shown(schedule))) };
    let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    let (schedule, tag) = read(&app, &schedule.name).await?;
    Ok(response.insert_header((ETAG, tag)).json(schedule))
}
