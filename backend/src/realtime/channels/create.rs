//! `POST /v1/channels`

use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::Data;
use annex_openapi::channels::{Channel, ChannelSpec};
use annex_openapi::problem::Problem as ProblemBody;

use super::{check, counts, refused, store, tag, told};
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query, is_name};
use crate::problem::{FieldError, Problem, Result};

/// Declare a channel. For admins.
///
/// Its topics are there from then on, for whom its rules let join and say something. Rules are decided from what the log of changes
/// tells: collections that they look into must have realtime on.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`, `not_unique`
#[utoipa::path(
    post, path = "/v1/channels", operation_id = "channels_create", tag = "channels",
    request_body(content = ChannelSpec, example = json!({"name": "rooms", "topic": "room:{room}", "rules": {
        "join": "exists(members, room = $.room and user = @user.id)", "send": "exists(members, room = $.room and user = @user.id)", "presence": ""}})),
    responses(
        (status = 201, description = "The channel was declared", body = Channel,
            headers(("Location" = String, description = "Where the channel is"), ("ETag" = String, description = "Names its settings, for `If-Match`"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(spec): Json<ChannelSpec>,
) -> Result<HttpResponse> {
    let now = app.clock.now();
    let ChannelSpec { name, topic, rules } = spec;
    if !is_name(&name, 63) {
        let detail = "`name` must be 1 to 63 of a-z, 0-9, `_`, `.` and `-`, and begin with a letter";
        return Err(Problem::validation(vec![FieldError::new("/name", "invalid", detail)]));
    }
    let row = store::Row { name, topic, rules, created_at: now, updated_at: now };
    let snapshot = app.catalogue.snapshot();
    check(&row, &snapshot)?;
    let row = store::insert(&app.db.pool, &row).await.map_err(refused)?;
    counts(&app, &row.name).await?;
    let location = format!("/v1/channels/{}", row.name);
    let channel = told(row, &snapshot);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .insert_header((ETAG, tag(&channel)))
        .json(channel))
}
