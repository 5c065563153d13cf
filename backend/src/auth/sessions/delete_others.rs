//! `DELETE /v1/sessions`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::auth::session;
use crate::extract::InPerson;
use crate::problem::Result;

/// End all of one's sessions but the one that asks.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden` for who acts as the account
#[utoipa::path(
    delete, path = "/v1/sessions", operation_id = "sessions_delete_others", tag = "sessions",
    responses(
        (status = 204, description = "Every other session has ended"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete_others(InPerson(caller): InPerson, app: Data<App>) -> Result<HttpResponse> {
    let mut connection = app.db.pool.acquire().await?;
    let ended = session::end_others(&app, &mut connection, caller.user_id, caller.session_id).await?;
    session::ended(&app, &ended);
    Ok(HttpResponse::NoContent().finish())
}
