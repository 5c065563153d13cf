//! `POST /v1/batches`

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use annex_openapi::jobs::batches::{JobBatch, JobBatchCreate};
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::Value;

use super::graph::Graph;
use super::{check, enqueue, read};
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::jobs::input::{self, Faults};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::batches;
use crate::problem::Result;

/// Begin a batch of jobs. For admins.
///
/// All of them are enqueued, or none. A step begins when all that it `needs` have succeeded, and a worker that claims it gets their
/// results; where one of them ends otherwise it is cancelled. The batch has ended when all its jobs have, and then its `callback` is
/// enqueued.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/batches", operation_id = "batches_create", tag = "batches",
    request_body(content = JobBatchCreate, example = json!({
        "name": "Thumbnails",
        "jobs": [
            {"step": "fetch", "job": {"kind": "image.fetch", "args": {"url": "https://example.com/a.jpg"}}},
            {"step": "resize", "needs": ["fetch"], "job": {"kind": "image.resize", "args": {"width": 640}}}
        ],
        "callback": {"kind": "email.send", "args": {"to": "ada@example.com"}}
    })),
    responses(
        (status = 201, description = "The batch", body = JobBatch, headers(("Location" = String, description = "Where the batch is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(
    Admin(identity): Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(sent): Json<JobBatchCreate>,
) -> Result<HttpResponse> {
    let mut faults = Faults::default();
    faults.text("", "name", sent.name.as_deref(), 200);
    faults.check()?;
    check(&app, &sent.jobs, sent.callback.as_ref()).await?;
    let graph = Graph::of(&sent.jobs, &[])?;
    let callback = sent.callback.as_ref().map(|job| input::entry(job, Some(identity.user_id)));
    let callback = callback.transpose()?.map(Value::Object);
    let id = app.clock.uuid_v7();
    patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let jobs = sent.jobs.len() as i32;
        batches::insert(
            &mut *transaction,
            id,
            sent.name.as_deref(),
            jobs,
            callback.as_ref(),
            identity.user_id,
        )
        .await?;
        enqueue(&mut transaction, id, &sent.jobs, &graph, identity.user_id).await?;
        transaction.commit().await?;
        Ok::<_, Failed>(())
    })
    .await?;
    let batch = read(&app, id).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/batches/{id}"))).json(batch))
}
