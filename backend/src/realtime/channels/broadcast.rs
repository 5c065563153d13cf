//! `POST /v1/broadcasts`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::channels::BroadcastCreate;
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::value::to_raw_value;

use super::{Action, Said, may};
use crate::app::App;
use crate::extract::{Caller, Json, NoParameters, Query};
use crate::problem::{Problem, Result};

/// Say something to everybody who has joined a topic, where the rule `send` of its channel lets the caller.
///
/// It stands in the order of the changes of rows: whatever was committed before is told before. To say something together with a change
/// of rows, or not at all, there is the method `broadcast` of `POST /v1/batch`, and in SQL `select annex.broadcast(topic, payload)`.
///
/// # Errors
/// `not_found` where no channel has the topic, `forbidden`, `validation_failed`, `payload_too_large`, `not_live`, `overloaded`
#[utoipa::path(
    post, path = "/v1/broadcasts", operation_id = "broadcasts_create", tag = "channels",
    request_body(content = BroadcastCreate, example = json!({"topic": "room:7", "payload": {"text": "hello"}})),
    responses(
        (status = 204, description = "It is said"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn broadcast(
    app: Data<App>,
    caller: Caller,
    _: Query<NoParameters>,
    Json(body): Json<BroadcastCreate>,
) -> Result<HttpResponse> {
    let payload = to_raw_value(&body.payload).map_err(Problem::internal)?;
    let sender = caller.identity().map(|identity| identity.user_id);
    let said = Said::new(&body.topic, sender, &payload)?;
    may(&app, None, &caller, Action::Send, &body.topic).await?;
    app.realtime.writer.say_and_wait(&said).await?;
    Ok(HttpResponse::NoContent().finish())
}
