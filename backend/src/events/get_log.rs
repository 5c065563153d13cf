//! `GET /v1/event-log`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::events::{EventLog, EventLogState};
use annex_openapi::problem::Problem as ProblemBody;

use super::store;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// See how the log of changes is read that webhooks and triggers are told from. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/event-log", operation_id = "event_log_get", tag = "webhooks",
    responses(
        (status = 200, description = "How the log stands", body = EventLog),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get_log(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let row = store::log(&app.db.pool).await?;
    let state = match (row.has_slot, row.is_read) {
        (false, _) => EventLogState::Off,
        (true, true) => EventLogState::Reading,
        (true, false) => EventLogState::Waiting,
    };
    let log = EventLog {
        state,
        lag_bytes: row.lag,
        last_change_at: row.last_change_at,
        events_lost_at: row.lost_at,
        pending_deliveries: row.pending,
        disabled_webhooks: row.disabled,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(log))
}
