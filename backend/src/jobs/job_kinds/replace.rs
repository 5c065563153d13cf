//! `PUT /v1/job-kinds/{kind}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::jobs::kinds::{JobKind, JobKindReplace};
use annex_openapi::problem::Problem as ProblemBody;

use super::{of_the_program, read, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::jobs::input::{Faults, MAX_ARGS};
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::schemas::compile;
use crate::jobs::store::kinds;
use crate::problem::Result;

/// Say how a kind of jobs is to be, which workers over HTTP run; it is made where there is none. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`, `conflict`
#[utoipa::path(
    put, path = "/v1/job-kinds/{kind}", operation_id = "job_kinds_replace", tag = "job_kinds",
    params(("kind" = String, Path, description = "The kind's name", pattern = "^[a-z][a-z0-9_.-]{0,99}$", example = "email.send"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = JobKindReplace, example = json!({"schema": {"type": "object", "required": ["to"]}, "queue": "mail"})),
    responses(
        (status = 200, description = "The kind", body = JobKind),
        (status = 201, description = "The kind, which is new", body = JobKind),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replace(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(kind): Json<JobKindReplace>,
) -> Result<HttpResponse> {
    check(&kind)?;
    let created = patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        let before = kinds::hold(&mut *transaction, &name).await?;
        wanted.check(before.as_ref().map(tag).as_deref())?;
        let created = kinds::replace(&mut *transaction, &name, &kind).await?;
        transaction.commit().await?;
        Ok::<_, Failed>(created)
    })
    .await?;
    let created = created.ok_or_else(|| of_the_program(&name))?;
    let mut response = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    let kind = read(&app, &name).await?;
    Ok(response.insert_header((ETAG, tag(&kind))).json(kind))
}

fn check(kind: &JobKindReplace) -> Result<()> {
    let mut faults = Faults::default();
    faults.text("", "description", kind.description.as_deref(), 2000);
    faults.json("", "schema", kind.schema.as_ref(), MAX_ARGS);
    match &kind.schema {
        Some(schema) if !schema.is_object() => {
            faults.add("/schema", "invalid", "`schema` must be a JSON object");
        }
        Some(schema) => {
            if let Err(error) = compile(schema) {
                faults.add(
                    "/schema",
                    "invalid",
                    format!("`schema` is not a JSON Schema that can be used: {error}"),
                );
            }
        }
        None => {}
    }
    faults.name("", "queue", kind.queue.as_deref(), 63);
    faults.bound("", "priority", kind.priority, -100, 100);
    faults.bound("", "max_attempts", kind.max_attempts, 1, 1000);
    faults.backoff("", kind.backoff.as_ref());
    faults.bound("", "timeout_seconds", kind.timeout_seconds, 1, 31_536_000);
    faults.check()
}
