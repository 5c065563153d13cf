//! `POST /v1/webhooks/{id}/deliveries/{delivery}/replay`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::Delivery;

use super::store::{self, Wanted};
use super::{missing, parse_id};
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;
use crate::webhooks;

/// Make a delivery again that was made or given up. For admins.
///
/// It has the same `webhook-id`, by which a receiver can tell that it had it before. One that is to be made anyway stays as it is.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{delivery}/replay", operation_id = "deliveries_replay", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"), ("delivery" = Uuid, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery", body = Delivery),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replay(
    _: Admin,
    app: Data<App>,
    path: Path<(String, String)>,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let (webhook, id) = (webhooks::parse_id(&path.0)?, parse_id(&path.1)?);
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    store::queue_again(&mut transaction, webhook, &[id]).await?;
    let wanted = Wanted { id: Some(id), ..Wanted::default() };
    let delivery = store::list(&mut *transaction, webhook, &wanted, None, 1).await?.pop();
    transaction.commit().await?;
    Ok(HttpResponse::Ok().json(delivery.ok_or_else(missing)?))
}
