//! `PUT /v1/triggers/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::triggers::{Trigger, TriggerReplace};

use super::input::{check, keep_log, write};
use super::{missing, store, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::problem::Result;

/// Say how a trigger is to be; it is made where there is none. For admins.
///
/// From then on a job is enqueued for each of the events, exactly once, with what happened as `event` among its arguments: the same `Event`
/// that webhooks are sent. It has the tag `trigger:` with the trigger's name. Changes of rows enqueue whoever makes them, with SQL too. Jobs that
/// a trigger has enqueued fire none when they fail.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`, `invalid_expression`,
/// `not_live`, `conflict`, `overloaded`
#[utoipa::path(
    put, path = "/v1/triggers/{name}", operation_id = "triggers_replace", tag = "triggers",
    params(("name" = String, Path, description = "The trigger's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "thumbnails"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = TriggerReplace, example = json!({"events": ["user.registered"], "job": {"kind": "welcome.send"}})),
    responses(
        (status = 200, description = "The trigger", body = Trigger),
        (status = 201, description = "The trigger, which is new", body = Trigger),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replace(
    Admin(identity): Admin,
    app: Data<App>,
    Name(name): Name,
    expected: IfMatch,
    _: Query<NoParameters>,
    Json(said): Json<TriggerReplace>,
) -> Result<HttpResponse> {
    let now = app.clock.now();
    let trigger = Trigger {
        name,
        events: said.events,
        collection: said.collection,
        condition: said.condition,
        job: said.job,
        enabled: said.enabled.unwrap_or(true),
        disabled_reason: None,
        events_lost_at: None,
        created_by: Some(identity.user_id),
        created_at: now,
        updated_at: now,
    };
    check(&trigger, &app.catalogue.snapshot())?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    keep_log(&app, &mut transaction, &trigger).await?;
    let before = store::hold(&mut transaction, &trigger.name).await?;
    expected.check(before.as_ref().map(tag).as_deref())?;
    write(&mut transaction, &trigger).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    app.events.wanted.notify_one();
    let name = &trigger.name;
    let trigger = store::list(&app.db.pool, Some(name), None, 1).await?.pop().ok_or_else(|| missing(name))?;
    let mut response = if before.is_some() { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).insert_header((ETAG, tag(&trigger))).json(trigger))
}
