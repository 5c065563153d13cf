//! `DELETE /v1/sessions/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{session, store::sessions as store};
use crate::extract::InPerson;
use crate::problem::{Problem, Result};

/// End one of one's own sessions, or one in which one acts as another account.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden` for who acts as the account, `not_found`, also for the sessions of others
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", operation_id = "sessions_delete", tag = "sessions",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "The session has ended; none of its tokens counts any more"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete(InPerson(caller): InPerson, app: Data<App>, id: Path<String>) -> Result<HttpResponse> {
    let missing = || Problem::not_found("such session");
    let id = Uuid::parse_str(&id).map_err(|_| missing())?;
    if !store::revoke(&app.db.pool, id, Some(caller.user_id), app.clock.now()).await? {
        return Err(missing());
    }
    session::ended(&app, &[id]);
    Ok(HttpResponse::NoContent().finish())
}
