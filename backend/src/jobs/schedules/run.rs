//! `POST /v1/schedules/{name}/run`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::Job;
use annex_openapi::problem::Problem as ProblemBody;

use super::no_schedule;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::jobs::create::{check_args, enqueued};
use crate::jobs::input::Faults;
use crate::jobs::store::schedules;
use crate::problem::Result;

/// Enqueue a schedule's job now, also where the schedule is paused or over. For admins.
///
/// When the schedule is due next does not change.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed` where the arguments are not as the kind's schema is by now
#[utoipa::path(
    post, path = "/v1/schedules/{name}/run", operation_id = "schedules_run", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", example = "nightly")),
    responses(
        (status = 201, description = "The job", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = 200, description = "The job that has the unique key already", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn run(
    Admin(identity): Admin,
    app: Data<App>,
    Name(name): Name,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let found = schedules::list(&app.db.pool, Some(&name), None, 1).await?.pop();
    let schedule = found.ok_or_else(|| no_schedule(&name))?;
    let job = schedule.job();
    let mut faults = Faults::default();
    faults.job("/job", &job);
    faults.check()?;
    check_args(&app, "/job", &job).await?;
    enqueued(&app, async || {
        let done = schedules::run(&app.db.pool, &schedule, identity.user_id, app.clock.now()).await?;
        Ok(Some(done.ok_or_else(|| no_schedule(&name))?))
    })
    .await
}
