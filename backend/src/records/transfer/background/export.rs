//! `POST /v1/records/{collection}/export` with `Prefer: respond-async`
//!
//! What is wrong with the request is told at once, as without the preference. Else 202 with the job, whose result has the `file`.

use actix_web::HttpResponse;
use annex_openapi::transfer::ExportRequest;
use serde_json::{Map, Value};

use super::export_job::RecordsExport;
use super::{accepted, check_waiting, entries};
use crate::extract::{Json, SignedIn};
use crate::jobs::patience::patiently;
use crate::jobs::store::jobs;
use crate::problem::{Problem, Result};
use crate::records::Request;
use crate::records::transfer::reading::Reading;

/// Enqueues the export of the rows of a list.
///
/// # Errors
/// `not_found`, `invalid_expression`, `invalid_parameter`, `validation_failed`, `too_many_requests`.
pub async fn export(
    SignedIn(identity): SignedIn,
    request: Request,
    Json(asked): Json<ExportRequest>,
) -> Result<HttpResponse> {
    let app = &request.app;
    request.attempt(async |view| Reading::of(&view.context(), view.table()?, &asked).map(|_| ())).await?;
    check_waiting(app, &identity).await?;
    let id = app.clock.uuid_v7();
    let entries = entries::<RecordsExport>(id, &identity, arguments(&request.collection, &asked)?)?;
    patiently(async || jobs::enqueue(&app.db.pool, &entries).await).await?;
    accepted(app, id).await
}

fn arguments(collection: &str, asked: &ExportRequest) -> Result<Map<String, Value>> {
    match serde_json::to_value(asked).map_err(Problem::internal)? {
        Value::Object(mut args) => {
            args.insert("collection".to_owned(), collection.into());
            Ok(args)
        }
        other => Err(Problem::internal(format!("an export is written as {other}"))),
    }
}
