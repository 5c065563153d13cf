//! `GET /problems/{code}`: what a problem's `type` points at.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Path;
use annex_openapi::problem::ProblemKind;

use crate::problem::{Code, Problem, Result};

/// `GET /problems/{code}`: explains a kind of problem.
///
/// Every problem names its own page in `type`.
///
/// # Errors
/// `not_found` for a code that does not exist.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "problems_get",
    tag = "system",
    params(("code" = String, Path, description = "The problem's `code`.", example = "validation_failed")),
    responses((status = 200, description = "What it means, and what to do.", body = ProblemKind)),
    security(())
)]
pub async fn explain(code: Path<String>) -> Result<HttpResponse> {
    let known = Code::ALL.iter().copied().find(|known| known.as_str() == *code);
    let known = known.ok_or_else(|| Problem::not_found(format_args!("kind of problem `{code}`")))?;
    let kind = ProblemKind {
        code: known.as_str().to_owned(),
        status: known.status().as_u16(),
        title: known.title().to_owned(),
        description: known.description().to_owned(),
        remedy: known.remedy().to_owned(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(kind))
}
