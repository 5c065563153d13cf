//! `PUT /v1/queues/{queue}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::jobs::queues::{Queue, QueueReplace};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check, read};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query, settings_tag};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::queues;
use crate::problem::Result;

/// Say how a queue is to be; it is made where there is none. For admins.
///
/// New limits hold from now on, and count what runs. Jobs that old ones held back are in the line again.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    put, path = "/v1/queues/{queue}", operation_id = "queues_replace", tag = "queues",
    params(("queue" = String, Path, description = "The queue's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "default"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = QueueReplace, example = json!({"concurrency": 10, "rate": {"limit": 100, "period_seconds": 60}})),
    responses(
        (status = 200, description = "The queue", body = Queue),
        (status = 201, description = "The queue, which is new", body = Queue),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replace(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(queue): Json<QueueReplace>,
) -> Result<HttpResponse> {
    check(&queue)?;
    let created = patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let before = queues::hold(&mut transaction, &name).await?;
        wanted.check(before.as_ref().map(settings_tag).as_deref())?;
        let created = queues::replace(&mut transaction, &name, &queue).await?;
        transaction.commit().await?;
        Ok::<_, Failed>(created)
    })
    .await?;
    let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    let (queue, tag) = read(&app, &name).await?;
    Ok(response.insert_header((ETAG, tag)).json(queue))
}
