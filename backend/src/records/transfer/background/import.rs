//! `POST /v1/records/{collection}/import` with `Prefer: respond-async`
//!
//! The body is kept as a file first. The job is there in the transaction that makes the file count: what was answered with 202 is done.

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::import_job::RecordsImport;
use super::{accepted, check_waiting, entries};
use crate::extract::{Query, SignedIn};
use crate::jobs::files::Keeping;
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::jobs;
use crate::problem::{Problem, Result};
use crate::records::transfer::body::{Body, essence};
use crate::records::transfer::import::ImportParameters;
use crate::records::transfer::importing::Importing;
use crate::records::{Request, View};

/// Keeps the rows of the body, and enqueues their import.
///
/// # Errors
/// `not_found`, `forbidden`, `unsupported_media_type`, `payload_too_large`, `request_timeout`, `invalid_parameter`,
/// `too_many_requests`, `overloaded` where there is no room.
pub async fn import(
    SignedIn(identity): SignedIn,
    http: HttpRequest,
    request: Request,
    Query(parameters): Query<ImportParameters>,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let app = &request.app;
    let media_type = essence(&http)?;
    let server = &app.config.server;
    let mut body = Body::new(&http, payload, server.max_import, server.read_timeout)?;
    let check = async |view: View<'_>| {
        Importing::of(view.context(), view.table()?, app, &parameters, &media_type)?;
        Ok(())
    };
    request.attempt(check).await?;
    check_waiting(app, &identity).await?;

    let id = app.clock.uuid_v7();
    let entries = entries::<RecordsImport>(id, &identity, arguments(&request.collection, &parameters)?)?;
    let mut keeping = Keeping::begin(app, id, Some(identity.user_id), "import", &media_type).await?;
    while let Some(chunk) = body.chunk().await? {
        keeping.write(&chunk).await?;
    }
    keeping.close().await?;
    patiently(async || -> Result<(), Failed> {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        keeping.finish(&mut *transaction).await?;
        jobs::enqueue(&mut *transaction, &entries).await?;
        Ok(transaction.commit().await?)
    })
    .await?;
    keeping.settle();
    accepted(app, id).await
}

fn arguments(collection: &str, parameters: &ImportParameters) -> Result<Map<String, Value>> {
    match serde_json::to_value(parameters).map_err(Problem::internal)? {
        Value::Object(mut args) => {
            args.insert("collection".to_owned(), collection.into());
            Ok(args)
        }
        other => Err(Problem::internal(format!("an import is written as {other}"))),
    }
}
