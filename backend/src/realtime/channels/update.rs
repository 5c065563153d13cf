//! `PATCH /v1/channels/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::channels::{Channel, ChannelUpdate};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check, counts, no_such_channel, refused, store, tag, told};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::problem::Result;

/// Change a channel. For admins.
///
/// Whoever has joined and may not any more is told so, and nothing that is said behind the change.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`, `not_unique`
#[utoipa::path(
    patch, path = "/v1/channels/{name}", operation_id = "channels_update", tag = "channels",
    params(("name" = String, Path, description = "The channel's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "rooms"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = ChannelUpdate, example = json!({"rules": {"send": null}})),
    responses(
        (status = 200, description = "The channel", body = Channel, headers(("ETag" = String, description = "Names its settings, for `If-Match`"))),
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
    Json(change): Json<ChannelUpdate>,
) -> Result<HttpResponse> {
    let snapshot = app.catalogue.snapshot();
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let mut row = store::hold(&mut *transaction, &name).await?.ok_or_else(|| no_such_channel(&name))?;
    wanted.check(Some(&tag(&told(row.clone(), &snapshot))))?;
    let patch = change.rules.unwrap_or_default();
    row.topic = change.topic.unwrap_or(row.topic);
    row.rules.join = patch.join.unwrap_or(row.rules.join);
    row.rules.send = patch.send.unwrap_or(row.rules.send);
    row.rules.presence = patch.presence.unwrap_or(row.rules.presence);
    row.updated_at = app.clock.now();
    check(&row, &snapshot)?;
    let row = store::update(&mut *transaction, &row).await.map_err(refused)?;
    transaction.commit().await?;
    counts(&app, &name).await?;
    let channel = told(row, &snapshot);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(&channel))).json(channel))
}
