//! `PATCH /v1/queues/{queue}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::jobs::queues::{Queue, QueueUpdate};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check, read};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query, settings_tag};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::queues;
use crate::problem::{Problem, Result};

/// Change a queue: pause it, let it go on, set its limits. For admins.
///
/// What runs when a queue is paused goes on; nothing else starts. New limits hold from now on, and count what runs. Jobs that old
/// ones held back are in the line again.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    patch, path = "/v1/queues/{queue}", operation_id = "queues_update", tag = "queues",
    params(("queue" = String, Path, description = "The queue's name", example = "default"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
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
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(change): Json<QueueUpdate>,
) -> Result<HttpResponse> {
    patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let Some(mut queue) = queues::hold(&mut transaction, &name).await? else {
            return Err(Failed::Problem(Problem::not_found(format_args!("queue `{name}`"))));
        };
        wanted.check(Some(&settings_tag(&queue)))?;
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
    let (queue, tag) = read(&app, &name).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(queue))
}
