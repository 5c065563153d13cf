//! `PATCH /v1/triggers/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::triggers::{Trigger, TriggerUpdate};

use super::input::{check, keep_log, write};
use super::{missing, store, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::problem::Result;

/// Change a trigger, or have it enqueue nothing any more. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`, `invalid_expression`,
/// `not_live`, `conflict`, `overloaded`
#[utoipa::path(
    patch, path = "/v1/triggers/{name}", operation_id = "triggers_update", tag = "triggers",
    params(("name" = String, Path, description = "The trigger's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "thumbnails"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = TriggerUpdate, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The trigger", body = Trigger),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    expected: IfMatch,
    _: Query<NoParameters>,
    Json(change): Json<TriggerUpdate>,
) -> Result<HttpResponse> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    // Before the transaction writes: a slot is not made while one that does is open.
    let before =
        store::list(&mut *transaction, Some(&name), None, 1).await?.pop().ok_or_else(|| missing(&name))?;
    let asked = changed(before, change.clone());
    check(&asked, &app.catalogue.snapshot())?;
    keep_log(&app, &mut transaction, &asked).await?;
    let before = store::hold(&mut transaction, &name).await?.ok_or_else(|| missing(&name))?;
    expected.check(Some(&tag(&before)))?;
    let mut trigger = changed(before, change);
    trigger.updated_at = app.clock.now();
    check(&trigger, &app.catalogue.snapshot())?;
    write(&mut transaction, &trigger).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    app.events.wanted.notify_one();
    let trigger =
        store::list(&app.db.pool, Some(&name), None, 1).await?.pop().ok_or_else(|| missing(&name))?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(&trigger))).json(trigger))
}

fn changed(trigger: Trigger, change: TriggerUpdate) -> Trigger {
    Trigger {
        events: change.events.unwrap_or(trigger.events),
        collection: change.collection.unwrap_or(trigger.collection),
        condition: change.condition.unwrap_or(trigger.condition),
        job: change.job.unwrap_or(trigger.job),
        enabled: change.enabled.unwrap_or(trigger.enabled),
        ..trigger
    }
}
