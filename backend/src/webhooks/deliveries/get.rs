//! `GET /v1/webhooks/{id}/deliveries/{delivery}`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::DeliveryDetail;

use super::store::{self, Wanted};
use super::{missing, parse_id};
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;
use crate::webhooks;

/// Read something that a webhook is told: what is sent, and all that came of it. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries/{delivery}", operation_id = "deliveries_get", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), ("delivery" = Uuid, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryDetail),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    _: Admin,
    app: Data<App>,
    path: Path<(String, String)>,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let (webhook, id) = (webhooks::parse_id(&path.0)?, parse_id(&path.1)?);
    // What belongs together is read at one moment.
    let mut transaction = app.db.pool.begin_with("begin isolation level repeatable read read only").await?;
    let wanted = Wanted { id: Some(id), ..Wanted::default() };
    let delivery =
        store::list(&mut *transaction, webhook, &wanted, None, 1).await?.pop().ok_or_else(missing)?;
    let body = store::body(&mut *transaction, id).await?.ok_or_else(missing)?;
    let attempts = store::attempts(&mut *transaction, id).await?;
    transaction.rollback().await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(DeliveryDetail {
        delivery,
        body,
        attempts,
    }))
}
