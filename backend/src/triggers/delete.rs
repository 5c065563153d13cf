//! `DELETE /v1/triggers/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{missing, store};
use crate::app::App;
use crate::events;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Forget a trigger; jobs that it has enqueued stay. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    delete, path = "/v1/triggers/{name}", operation_id = "triggers_delete", tag = "triggers",
    params(("name" = String, Path, description = "The trigger's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "thumbnails")),
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
    Name(name): Name,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    if !store::delete(&mut *transaction, &name).await? {
        return Err(missing(&name));
    }
    events::publish(&mut transaction).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::NoContent().finish())
}
