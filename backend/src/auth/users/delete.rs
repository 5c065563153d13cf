//! `DELETE /v1/users/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;

use super::{keep_an_admin, missing, parse_id};
use crate::app::App;
use crate::auth::store::users as store;
use crate::extract::Admin;
use crate::problem::{Code, Problem, Result};

/// Delete an account, and its sessions with it. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `conflict` for the last admin, `still_referenced` where
/// records point at the account
#[utoipa::path(
    delete, path = "/v1/users/{id}", operation_id = "users_delete", tag = "users",
    params(("id" = Uuid, Path, description = "The account")),
    responses(
        (status = 204, description = "The account is gone; none of its tokens counts any more"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete(_: Admin, app: Data<App>, id: Path<String>) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    keep_an_admin(&mut transaction, id).await?;
    if !store::delete(&mut transaction, id).await.map_err(referenced)? {
        return Err(missing());
    }
    transaction.commit().await?;
    app.auth.identities.changes.of(id);
    Ok(HttpResponse::NoContent().finish())
}

fn referenced(error: sqlx::Error) -> Problem {
    if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) {
        return Problem::new(Code::StillReferenced, "Records point at this account")
            .with_hint("Change or delete them first, or disable the account instead");
    }
    error.into()
}
