//! `POST /v1/auth/logout`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{session, store::sessions as store};
use crate::app::App;
use crate::extract::SignedIn;
use crate::problem::Result;

/// End the session of the access token.
///
/// # Errors
/// `unauthenticated`, `invalid_token`
#[utoipa::path(
    post, path = "/v1/auth/logout", operation_id = "auth_logout", tag = "auth",
    responses(
        (status = 204, description = "The session has ended; none of its tokens counts any more"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn logout(SignedIn(caller): SignedIn, app: Data<App>) -> Result<HttpResponse> {
    if let Some(id) = caller.session_id {
        store::revoke(&app.db.pool, id, Some(caller.user_id), app.clock.now()).await?;
        session::ended(&app, &[id]);
    }
    Ok(HttpResponse::NoContent().finish())
}
