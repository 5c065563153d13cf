//! `POST /v1/webhooks/{id}/rotate`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::{Webhook, WebhookRotate};
use time::Duration;

use super::{missing, parse_id, store, tag};
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::jobs::input::Faults;
use crate::outbound::secret_text;
use crate::problem::Result;

const DAY: u32 = 24 * 60 * 60;

/// Give a webhook another secret, which the answer has. Messages are signed with the one before too for a while, so that
/// whoever verifies them can change in between. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate", operation_id = "webhooks_rotate", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    request_body(content = WebhookRotate, example = json!({"overlap_seconds": 86_400})),
    responses(
        (status = 200, description = "The webhook with its new secret", body = Webhook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn rotate(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    _: Query<NoParameters>,
    Json(said): Json<WebhookRotate>,
) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let mut faults = Faults::default();
    faults.bound("", "overlap_seconds", said.overlap_seconds, 0, 30 * DAY);
    faults.check()?;
    let (secret, now) = (app.random.bytes::<32>(), app.clock.now());
    let expires_at = now + Duration::seconds(said.overlap_seconds.unwrap_or(DAY).into());
    if !store::rotate(&app.db.pool, id, &secret, expires_at, now).await? {
        return Err(missing());
    }
    let mut webhook = store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    let tag = tag(&webhook);
    webhook.secret = Some(secret_text(&secret));
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).insert_header((ETAG, tag)).json(webhook))
}
