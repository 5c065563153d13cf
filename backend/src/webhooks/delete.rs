//! `DELETE /v1/webhooks/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;

use super::{missing, parse_id, store};
use crate::app::App;
use crate::events;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Forget a webhook, and all that it was told. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", operation_id = "webhooks_delete", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    if !store::delete(&mut *transaction, id).await? {
        return Err(missing());
    }
    events::publish(&mut transaction).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::NoContent().finish())
}
