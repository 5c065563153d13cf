//! `POST /v1/batch`: many writes of records, in one transaction.
//!
//! `input` reads what was sent, `plan` prepares an operation for each with the verbs' own code, `run` sends them to
//! Postgres without waiting for one another where none needs an earlier one's result, `answer` tells what came of it.
//! What a plan holds is `work`: a write of a record or a job to enqueue, each a statement and how its rows are read. A job of a worker
//! may end in the same transaction (`complete`).

mod answer;
pub mod complete;
mod input;
mod plan;
mod run;
mod work;

use actix_web::HttpResponse;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::records::{BatchRequest, BatchResponse};
use uuid::Uuid;

use self::plan::Plan;
use crate::extract::{Caller, JsonBytes, Prefer};
use crate::problem::{Code, Problem, Result};
use crate::records::Request;

/// Writes many rows and enqueues jobs, all or none
///
/// Up to 1,000 operations over several collections, done in their order and in one transaction. Rules, hidden fields and
/// `if_match` hold for each as they do for a request of its own. Where one fails nothing is done, and the answer is its
/// problem: its status and code, a detail that names its index, and pointers that begin with `/operations/<index>`.
///
/// # Errors
/// Those of the operations; `forbidden` where somebody else than an admin enqueues; `validation_failed` for a wrong batch, `conflict` where another transaction got in the way.
#[utoipa::path(
    post,
    path = "/v1/batch",
    operation_id = "batch_run",
    tag = "records",
    params(("Prefer" = Option<String>, Header, description = "`return=minimal` leaves the rows out of the answer.")),
    request_body(content = BatchRequest, example = json!({
        "operations": [
            {"method": "create", "collection": "authors", "body": {"name": "Ada"}},
            {"method": "create", "collection": "posts", "body": {"title": "Hello", "author": {"$result": "0.id"}}},
            {"method": "enqueue", "job": {"kind": "posts.announce", "args": {"post": {"$result": "1.id"}}}}
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
            let mut plan = Plan::new(view, &inputs, enqueuer(&request.caller));
            run::run(&mut plan, None).await?;
            Ok(answer::respond(&plan, prefer.minimal))
        })
        .await
}

/// Who enqueues jobs by a batch.
fn enqueuer(caller: &Caller) -> Result<Uuid> {
    match caller.identity() {
        Some(identity) if caller.is_admin() => Ok(identity.user_id),
        Some(_) => {
            Err(Problem::new(Code::Forbidden, "Jobs are enqueued by admins: this needs the role `admin`"))
        }
        None => Err(Problem::new(Code::Unauthenticated, "Jobs are enqueued by admins")
            .with_hint("Send an access token from POST /v1/auth/login as `Authorization: Bearer …`")),
    }
}
