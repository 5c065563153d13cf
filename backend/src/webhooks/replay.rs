//! `POST /v1/webhooks/{id}/replay`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::{DeliveryState, WebhookReplay, WebhookReplayed};

use super::deliveries::store as deliveries;
use super::{missing, parse_id, store};
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::jobs::input::Faults;
use crate::problem::Result;

/// How many are made again at once.
const MOST: i64 = 10_000;

/// Make deliveries of a period again: those that were delivered or given up. For admins.
///
/// They have the same `webhook-id`, and are made in the order in which they were first. Of many, the oldest 10,000 are taken.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", operation_id = "webhooks_replay", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    request_body(content = WebhookReplay, example = json!({"from": "2026-01-31T12:00:00Z", "to": "2026-01-31T13:00:00Z", "state": "failed"})),
    responses(
        (status = 200, description = "How many are made again", body = WebhookReplayed),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replay(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    _: Query<NoParameters>,
    Json(said): Json<WebhookReplay>,
) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let mut faults = Faults::default();
    faults.moment("", "from", Some(said.from));
    faults.moment("", "to", Some(said.to));
    if said.state == Some(DeliveryState::Pending) {
        faults.add("/state", "not_allowed", "what is `pending` is made anyway");
    }
    faults.check()?;
    store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    let state = said.state.map(DeliveryState::as_str);
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let ids = deliveries::within(&mut *transaction, id, said.from, said.to, state, MOST).await?;
    let count = deliveries::queue_again(&mut transaction, id, &ids).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Ok().json(WebhookReplayed { count, more: ids.len() as i64 == MOST }))
}
