//! `GET /v1/realtime/status`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::realtime::{
    self as contract, FeedSource, FeedStatus, RealtimeStatus, SlotState, SlotStatus,
};

use super::feed::{FeedState, source};
use super::store;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Read how the feed of changes stands. For admins.
///
/// It tells of the server that answers: each reads the log for itself, and has clients of its own.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/realtime/status", operation_id = "realtime_status", tag = "realtime",
    responses(
        (status = 200, description = "How it stands", body = RealtimeStatus),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn status(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let log = store::log_status(&app.db.pool).await?;
    let is_outbox = source::is_outbox(&app.db.pool, app.config.realtime.source).await?;
    let hub = app.realtime.status().await?;
    let (state, error) = match app.realtime.state() {
        FeedState::Idle => (contract::FeedState::Idle, None),
        FeedState::Starting => (contract::FeedState::Starting, None),
        FeedState::Reading => (contract::FeedState::Reading, None),
        FeedState::Failing { error, .. } => (contract::FeedState::Failing, Some(error.to_string())),
    };
    let snapshot = app.catalogue.snapshot();
    let followed = snapshot.tables.values().filter(|table| table.served && table.collection.realtime);
    let mut collections: Vec<String> = followed.map(|table| table.collection.name.clone()).collect();
    collections.sort_unstable();
    let status = RealtimeStatus {
        feed: FeedStatus {
            state,
            source: if is_outbox { FeedSource::Outbox } else { FeedSource::Log },
            error,
            cursor: hub.reached.map(|cursor| cursor.to_string()),
            lag_bytes: hub.reached.map(|cursor| log.end.saturating_sub(cursor.position.commit)),
            caught_up: hub.caught_up,
            changed_at: hub.changed_at,
            collections,
        },
        slot: log.slot.map(|(name, state, retained, left)| SlotStatus {
            name,
            state: match state.as_str() {
                "reserved" => SlotState::Reserved,
                "extended" => SlotState::Extended,
                "unreserved" => SlotState::Unreserved,
                _ => SlotState::Lost,
            },
            retained_bytes: retained.max(0).unsigned_abs(),
            left_bytes: left.map(|left| left.max(0).unsigned_abs()),
        }),
        window: hub.window,
        clients: hub.clients,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(status))
}
