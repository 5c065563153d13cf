//! What came of a batch.

use actix_web::HttpResponse;

use super::input::Input;
use super::plan::Plan;
use super::work::Done;
use crate::problem::{FieldError, Problem};
use crate::records::operation::Outcome;
use crate::records::wire::encode::write_string;

/// Tells a problem as that of one operation. `member` is where its pointers begin.
pub fn locate(index: usize, input: &Input<'_>, member: &str, mut problem: Problem) -> Problem {
    // Nothing about the operation itself.
    if problem.code.status().is_server_error() {
        return problem;
    }
    for error in &mut problem.errors {
        error.pointer = format!("/operations/{index}{member}{}", error.pointer);
    }
    if problem.errors.is_empty() {
        let pointer = format!("/operations/{index}");
        problem.errors.push(FieldError::new(pointer, problem.code.as_str(), &problem.detail));
    }
    problem.detail = format!("Operation {index}, {}: {}", input.describe(), problem.detail);
    problem
}

/// The answer to a batch that is done.
pub fn respond(plan: &Plan<'_>, minimal: bool) -> HttpResponse {
    let mut out = Vec::with_capacity(64 + plan.done.len() * 512);
    out.extend_from_slice(b"{\"results\":");
    write_results(&mut out, plan, minimal);
    out.push(b'}');
    let mut response = HttpResponse::Ok();
    if minimal {
        response.insert_header(("preference-applied", "return=minimal"));
    }
    response.content_type("application/json").body(out)
}

/// Writes the results as a JSON array.
pub fn write_results(out: &mut Vec<u8>, plan: &Plan<'_>, minimal: bool) {
    out.push(b'[');
    for (index, done) in plan.done.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_result(out, done, minimal);
    }
    out.push(b']');
}

fn write_result(out: &mut Vec<u8>, done: &Done, minimal: bool) {
    out.extend_from_slice(b"{\"status\":");
    match done {
        Done::Written { outcome, id, .. } => {
            out.extend_from_slice(outcome.status(minimal).as_str().as_bytes());
            out.extend_from_slice(b",\"id\":");
            out.extend_from_slice(id);
            if let Outcome::Written(written) = outcome {
                if let Some(tag) = &written.tag {
                    out.extend_from_slice(b",\"etag\":");
                    write_string(out, tag.as_bytes());
                }
                if let Some(json) = written.json.as_ref().filter(|_| !minimal) {
                    out.extend_from_slice(b",\"record\":");
                    out.extend_from_slice(json);
                }
            }
        }
        Done::Enqueued { id, created } => {
            let status = if *created { "201" } else { "200" };
            out.extend_from_slice(format!("{status},\"id\":\"{id}\"").as_bytes());
        }
        Done::Said => out.extend_from_slice(b"204,\"id\":null"),
    }
    out.push(b'}');
}
