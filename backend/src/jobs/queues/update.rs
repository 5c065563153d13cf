//! `PATCH /v1/queues/{queue}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::queues::{Queue, QueueUpdate};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check, read};
use crate::app::App;
use crate::extract::{Admin, Json, Name, NoParameters, Query};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::queues;
use crate::problem::{Problem, Result};

/// Change a queue: pause it, let it go on, set its limits. For admins.
///
/// What runs when a queue is paused goes on; nothing else starts. New limits hold from now on, and count what runs. Jobs that old
/// ones held back are in the line again.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`
#[utoipa::path(
    patch, path = "/v1/queues/{queue}", operation_id = "queues_update", tag = "queues",
    params(("queue" = String, Path, description = "The queue's name", example = "default")),
    request_body(content = QueueUpdate, example = json!({"paused": true})),
    responses(
        (status = 200, description = "The queue", body = Queue),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    _: Query<NoParameters>,
    Json(change): Json<QueueUpdate>,
) -> Result<HttpResponse> {
    patiently(async || {
        let mut transaction = app.db.pool.begin().await?;
        let Some(mut queue) = queues::hold(&mut transaction, &name).await? else {
            return Err(Failed::Problem(Problem::not_found(format_args!("queue `{name}`"))));
        };
        queue.paused = change.paused.unwrap_or(queue.paused);
        queue.concurrency = change.concurrency.unwrap_or(queue.concurrency);
        queue.rate = change.rate.unwrap_or(queue.rate);
        queue.key_concurrency = change.key_concurrency.unwrap_or(queue.key_concurrency);
        queue.key_rate = change.key_rate.unwrap_or(queue.key_rate);
        check(&queue)?;
        queues::replace(&mut transaction, &name, &queue).await?;
        transaction.commit().await?;
        Ok(())
    })
    .await?;
    Ok(HttpResponse::Ok().json(read(&app, &name).await?))
}
