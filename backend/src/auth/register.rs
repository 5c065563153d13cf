//! `POST /v1/auth/register`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::{RegisterRequest, TokenResponse};
use annex_openapi::events::EventType;
use annex_openapi::hooks::HookMethod;
use annex_openapi::problem::{FieldError, Problem as ProblemBody};
use serde_json::{Value, json};

use super::email::Email;
use super::password::Password;
use super::store::users::{self as store, NewUser};
use super::{session, store::account_problem};
use crate::app::App;
use crate::events;
use crate::extract::{Caller, Client, Json};
use crate::hooks::{Change, USERS};
use crate::problem::{Code, Problem, Result};

/// Create an account and sign in to it.
///
/// # Errors
/// `forbidden` where registration is closed, `validation_failed`, `email_taken`, `too_many_requests`, `refused`, `hook_failed`
#[utoipa::path(
    post, path = "/v1/auth/register", operation_id = "auth_register", tag = "auth",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account was made, and is signed in", body = TokenResponse),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn register(
    app: Data<App>,
    client: Client,
    Json(body): Json<RegisterRequest>,
) -> Result<HttpResponse> {
    if !app.config.auth.registration {
        return Err(Problem::new(Code::Forbidden, "Nobody can register here by themselves"));
    }
    let _attempt = app.auth.throttle.attempt(client.address, None, app.clock.now())?;
    let new = Registration::parse(&body)?;
    ask_hooks(&app, &new).await?;
    let hash = app.auth.hasher.hash(&new.password).await?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let user = NewUser {
        id: app.clock.uuid_v7(),
        email: &new.email,
        password_hash: Some(&hash),
        display_name: new.display_name,
        verified: false,
        roles: &[],
        now: app.clock.now(),
    };
    let user = store::insert(&mut transaction, &user).await.map_err(account_problem)?;
    let told = json!({"id": user.id, "email": user.email});
    let subject = format!("users/{}", user.id);
    events::store::tell(&mut transaction, EventType::UserRegistered, &subject, &told).await?;
    let tokens = session::begin(&app, &mut transaction, &client, user).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(tokens))
}

/// Asks the hooks, which are told no password, and change nothing.
async fn ask_hooks(app: &App, new: &Registration<'_>) -> Result<()> {
    let snapshot = app.catalogue.snapshot();
    let due = app.hooks.due(&snapshot.hooks, HookMethod::Register, USERS);
    if due.is_empty() {
        return Ok(());
    }
    let body = json!({"email": new.email.as_str(), "display_name": new.display_name});
    let change = Change {
        method: HookMethod::Register,
        collection: USERS.to_owned(),
        caller: Caller::ANONYMOUS,
        id: Value::Null,
        body: body.as_object().cloned().unwrap_or_default(),
    };
    due.ask(app, &mut [change]).await.map_err(|refused| refused.problem)
}

struct Registration<'a> {
    email: Email,
    password: Password,
    display_name: Option<&'a str>,
}

impl<'a> Registration<'a> {
    fn parse(body: &'a RegisterRequest) -> Result<Self> {
        let credentials = Password::members(&body.email, &body.password);
        let display_name = body.display_name.as_deref().map(display_name).transpose();
        match (credentials, display_name) {
            (Ok((email, password)), Ok(display_name)) => Ok(Self { email, password, display_name }),
            (credentials, display_name) => Err(Problem::validation(
                credentials.err().into_iter().flatten().chain(display_name.err()).collect(),
            )),
        }
    }
}

/// Checks a body's member `display_name`.
pub(super) fn display_name(name: &str) -> Result<&str, FieldError> {
    let sound = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    sound.then_some(name).ok_or_else(|| {
        let detail = "`display_name` must have 1 to 200 characters, none of them a control character";
        FieldError::new("/display_name", "invalid", detail)
    })
}
