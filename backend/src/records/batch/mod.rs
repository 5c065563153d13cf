//! `POST /v1/batch`: many writes of records, in one transaction.
//!
//! `input` reads what was sent, `plan` prepares an operation for each with the verbs' own code, `run` sends them to
//! Postgres without waiting for one another where none needs an earlier one's result, `answer` tells what came of it.
//! What a plan holds is a statement and how its rows are read: other work that belongs into the transaction joins as
//! another kind of it.

mod answer;
mod input;
mod plan;
mod run;

use actix_web::HttpResponse;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::records::{BatchRequest, BatchResponse};

use self::plan::Plan;
use super::request::Request;
use crate::extract::{JsonBytes, Prefer};
use crate::problem::Result;

/// Writes many rows, all or none
///
/// Up to 1,000 operations over several collections, done in their order and in one transaction. Rules, hidden fields and
/// `if_match` hold for each as they do for a request of its own. Where one fails nothing is done, and the answer is its
/// problem: its status and code, a detail that names its index, and pointers that begin with `/operations/<index>`.
///
/// # Errors
/// Those of the operations; `validation_failed` for a wrong batch, `conflict` where another transaction got in the way.
#[utoipa::path(
    post,
    path = "/v1/batch",
    operation_id = "batch_run",
    tag = "records",
    params(("Prefer" = Option<String>, Header, description = "`return=minimal` leaves the rows out of the answer.")),
    request_body(content = BatchRequest, example = json!({
        "operations": [
            {"method": "create", "collection": "authors", "body": {"name": "Ada"}},
            {"method": "create", "collection": "posts", "body": {"title": "Hello", "author": {"$result": "0.id"}}}
        ]
    })),
    responses(
        (status = 200, description = "All of them are done", body = BatchResponse),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn batch(request: Request, prefer: Prefer, body: JsonBytes) -> Result<HttpResponse> {
    let inputs = input::parse(&body.0)?;
    request
        .attempt(async |view| {
            let mut plan = Plan::new(view, &inputs);
            run::run(&mut plan).await?;
            Ok(answer::respond(&plan, prefer.minimal)?)
        })
        .await
}
