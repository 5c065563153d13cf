//! `PATCH /v1/users/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::auth::{User, UserUpdate};
use annex_openapi::problem::Problem as ProblemBody;

use super::{keep_an_admin, missing, parse_id, roles};
use crate::app::App;
use crate::auth::email::Email;
use crate::auth::password::Password;
use crate::auth::register::display_name;
use crate::auth::session;
use crate::auth::store::account_problem;
use crate::auth::store::users::{self as store, Changes};
use crate::extract::{ADMIN, Admin, Json};
use crate::problem::{Problem, Result};

/// Change an account: what is in the body, and nothing else. It counts from the account's next request on. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`, `email_taken`, `conflict` for what
/// would leave no admin
#[utoipa::path(
    patch, path = "/v1/users/{id}", operation_id = "users_update", tag = "users",
    params(("id" = Uuid, Path, description = "The account")),
    request_body = UserUpdate,
    responses(
        (status = 200, description = "The account", body = User),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    Json(body): Json<UserUpdate>,
) -> Result<HttpResponse> {
    let refuse = |error| Problem::validation(vec![error]);
    let id = parse_id(&id)?;
    let email = body.email.as_deref().map(Email::member).transpose().map_err(refuse)?;
    let name = body.display_name.as_ref().map(|name| name.as_deref().map(display_name).transpose());
    let name = name.transpose().map_err(refuse)?;
    let roles = body.roles.as_deref().map(roles::parse).transpose().map_err(refuse)?;
    let hash = match &body.password {
        Some(text) => {
            let account = store::get(&app.db.pool, id).await?.ok_or_else(missing)?;
            let address = match &email {
                Some(email) => email.clone(),
                None => Email::parse(&account.email).map_err(Problem::internal)?,
            };
            let password = Password::member("password", text, &address).map_err(refuse)?;
            Some(app.auth.hasher.hash(&password).await?)
        }
        None => None,
    };
    let changes = Changes {
        email: email.as_ref(),
        password_hash: hash.as_deref(),
        display_name: name,
        verified: body.verified,
        roles: roles.as_deref(),
        disabled: body.disabled,
    };

    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let no_admin = changes.disabled == Some(true)
        || changes.roles.is_some_and(|roles| !roles.iter().any(|role| role == ADMIN));
    if no_admin {
        keep_an_admin(&mut transaction, id).await?;
    }
    let user =
        store::update(&mut transaction, id, &changes, app.clock.now()).await.map_err(account_problem)?;
    let user = user.ok_or_else(missing)?;
    let ended = match changes.password_hash {
        Some(_) => session::end_others(&app, &mut transaction, id, None).await?,
        None => Vec::new(),
    };
    transaction.commit().await?;
    app.auth.identities.changes.of(id);
    session::ended(&app, &ended);
    Ok(HttpResponse::Ok().json(user))
}
