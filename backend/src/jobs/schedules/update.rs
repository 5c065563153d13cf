//! `PATCH /v1/schedules/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::jobs::schedules::{Schedule, ScheduleUpdate};
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::Value;

use super::{check_job, check_timing, no_schedule, read, settle, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::jobs::create::check_args;
use crate::jobs::input::{self, Faults};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::schedules::{self, ScheduleRow};
use crate::problem::Result;

/// Change a schedule: let it rest, let it go on, set when it is due or what it enqueues. For admins.
///
/// What it missed while it was paused stays missed.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    patch, path = "/v1/schedules/{name}", operation_id = "schedules_update", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", example = "nightly"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = ScheduleUpdate, example = json!({"paused": true})),
    responses(
        (status = 200, description = "The schedule", body = Schedule),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    Admin(identity): Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(change): Json<ScheduleUpdate>,
) -> Result<HttpResponse> {
    let mut job = None;
    if let Some(said) = &change.job {
        let mut faults = Faults::default();
        check_job(&mut faults, said);
        faults.check()?;
        check_args(&app, "/job", said).await?;
        job = Some(Value::from(input::entry(said, Some(identity.user_id))?));
    }
    patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let Some(before) = schedules::hold(&mut *transaction, &name).await? else {
            return Err(Failed::Problem(no_schedule(&name)));
        };
        wanted.check(Some(&tag(&before)))?;
        let mut schedule = changed(before.clone(), &change);
        schedule.job = job.clone().unwrap_or(schedule.job);
        let mut faults = Faults::default();
        check_timing(&mut faults, &schedule);
        faults.check()?;
        settle(&mut schedule, Some(&before), app.clock.now())?;
        schedules::replace(&mut transaction, &schedule).await?;
        transaction.commit().await?;
        Ok(())
    })
    .await?;
    let (schedule, tag) = read(&app, &name).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(schedule))
}

/// The schedule with all that was said but the job.
fn changed(schedule: ScheduleRow, change: &ScheduleUpdate) -> ScheduleRow {
    let every_seconds =
        change.every_seconds.map(|every| every.map(|every| i32::try_from(every).unwrap_or(i32::MAX)));
    ScheduleRow {
        cron: change.cron.clone().unwrap_or(schedule.cron),
        time_zone: change.time_zone.clone().unwrap_or(schedule.time_zone),
        every_seconds: every_seconds.unwrap_or(schedule.every_seconds),
        run_at: change.run_at.unwrap_or(schedule.run_at),
        catch_up: change.catch_up.map_or(schedule.catch_up, |way| way.as_str().to_owned()),
        paused: change.paused.unwrap_or(schedule.paused),
        ..schedule
    }
}
