//! What came of a batch.

use actix_web::HttpResponse;
use annex_openapi::records::BatchMethod;

use super::plan::Plan;
use crate::problem::{FieldError, Problem, Result};
use crate::records::operation::Outcome;
use crate::records::wire::encode::{Malformed, write_string};

/// Tells a problem as that of one operation. `member` is where its pointers begin.
pub fn locate(
    index: usize,
    method: BatchMethod,
    collection: &str,
    member: &str,
    mut problem: Problem,
) -> Problem {
    // Nothing about the operation itself.
    if problem.code.status().is_server_error() {
        return problem;
    }
    let method = match method {
        BatchMethod::Create => "create",
        BatchMethod::Update => "update",
        BatchMethod::Replace => "replace",
        BatchMethod::Delete => "delete",
    };
    for error in &mut problem.errors {
        error.pointer = format!("/operations/{index}{member}{}", error.pointer);
    }
    if problem.errors.is_empty() {
        let pointer = format!("/operations/{index}");
        problem.errors.push(FieldError::new(pointer, problem.code.as_str(), &problem.detail));
    }
    problem.detail = format!("Operation {index}, {method} in `{collection}`: {}", problem.detail);
    problem
}

/// The results of a batch that is done.
///
/// # Errors
/// A value is not in its type's format.
pub fn respond(plan: &Plan<'_>, minimal: bool) -> Result<HttpResponse, Malformed> {
    let mut out = Vec::with_capacity(64 + plan.done.len() * 512);
    out.extend_from_slice(b"{\"results\":[");
    for (index, (prepared, done)) in plan.prepared.iter().zip(&plan.done).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"status\":");
        out.extend_from_slice(done.outcome.status(minimal).as_str().as_bytes());
        out.extend_from_slice(b",\"id\":");
        match (&prepared.operation.returning, &done.row, &prepared.id) {
            (Some(returning), Some(row), _) => returning.write_id(&mut out, prepared.operation.table, row)?,
            (_, _, Some(id)) => out.extend_from_slice(id.get().as_bytes()),
            _ => out.extend_from_slice(b"null"),
        }
        if let Outcome::Written(written) = &done.outcome {
            if let Some(tag) = &written.tag {
                out.extend_from_slice(b",\"etag\":");
                write_string(&mut out, tag.as_bytes());
            }
            if let Some(json) = written.json.as_ref().filter(|_| !minimal) {
                out.extend_from_slice(b",\"record\":");
                out.extend_from_slice(json);
            }
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    let mut response = HttpResponse::Ok();
    if minimal {
        response.insert_header(("preference-applied", "return=minimal"));
    }
    Ok(response.content_type("application/json").body(out))
}
