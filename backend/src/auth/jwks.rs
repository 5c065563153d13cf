//! `GET /.well-known/jwks.json`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::JwkSet;
use annex_openapi::problem::Problem as ProblemBody;

use super::keys::MAX_AGE;
use crate::app::App;

/// Read the keys that access tokens are signed with.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "auth_jwks", tag = "auth",
    responses(
        (status = 200, description = "The public keys", body = JwkSet),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn jwks(app: Data<App>) -> HttpResponse {
    let keys = app.auth.keys.public(app.clock.now());
    let age = format!("public, max-age={}", MAX_AGE.whole_seconds());
    HttpResponse::Ok().insert_header((CACHE_CONTROL, age)).json(JwkSet { keys })
}
