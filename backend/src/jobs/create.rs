//! `POST /v1/jobs`

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use annex_openapi::jobs::{Job, JobCreate};
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::Value;
use uuid::Uuid;

use super::input::{self, Faults};
use super::patience::{Failed, patiently};
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::problem::{Problem, Result};

/// Enqueue a job. For admins.
///
/// It is there when the answer is, and is done at least once: by a worker that claims it, or by a server where its kind is one that
/// servers run. What is not said is as the kind says.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs", operation_id = "jobs_create", tag = "jobs",
    request_body(content = JobCreate, example = json!({"kind": "email.send", "args": {"to": "ada@example.com"}, "delay_seconds": 60})),
    responses(
        (status = 201, description = "The job", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = 200, description = "The job that has the unique key already", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(
    Admin(identity): Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(job): Json<JobCreate>,
) -> Result<HttpResponse> {
    let mut faults = Faults::default();
    faults.job("", &job);
    faults.check()?;
    check_args(&app, "", &job).await?;
    let entries = Value::from(vec![input::entry(&job, Some(identity.user_id))?]);
    enqueued(&app, async || Ok(jobs::enqueue(&app.db.pool, &entries).await?.pop())).await
}

/// Checks the arguments of a job, which stands there in the body, against the schema of its kind.
///
/// # Errors
/// `validation_failed`
pub(super) async fn check_args(app: &App, at: &str, job: &JobCreate) -> Result<()> {
    let mut faults = Faults::default();
    app.jobs.schemas.check(&app.db.pool, &[(at.to_owned(), job)], &mut faults).await?;
    faults.check()
}

/// The answer to what enqueues one job, and says its id and whether it is new.
///
/// # Errors
/// Those of `enqueue`.
pub(super) async fn enqueued(
    app: &App,
    mut enqueue: impl AsyncFnMut() -> Result<Option<(Uuid, bool)>, Failed>,
) -> Result<HttpResponse> {
    // A unique key may stand for a job that has been discarded since.
    for _ in 0..3 {
        let Some((id, created)) = patiently(&mut enqueue).await? else { break };
        if let Some(job) = jobs::get(&app.db.pool, id).await? {
            let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
            return Ok(response.insert_header((LOCATION, format!("/v1/jobs/{id}"))).json(job));
        }
        jobs::free_unique_keys(&app.db.pool, id).await?;
    }
    Err(Problem::internal("a job that was enqueued is not there"))
}
