//! `GET /v1/records/{collection}/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpRequest, HttpResponse};

use super::etag;
use super::expand::{self, Expand};
use super::parameters::ReadParameters;
use super::projection::Projection;
use super::request::{Request, View, no_such_record};
use super::sql::select;
use super::store::{self, At, Failure, version};
use crate::extract::Query;
use crate::problem::Result;

/// A record's JSON and its entity tag.
pub struct Record {
    /// The object.
    pub json: Vec<u8>,
    /// The tag.
    pub tag: String,
}

/// Answers with the record.
///
/// # Errors
/// `not_found` where it is not there or the view rule denies.
pub async fn get(http: HttpRequest, request: Request, query: Query<ReadParameters>) -> Result<HttpResponse> {
    let record = request.attempt(async |view| read(view, &query.0).await).await?;
    if etag::is_known(&http, &record.tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, record.tag)).finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((ETAG, record.tag))
        .body(record.json))
}

async fn read(view: View<'_>, parameters: &ReadParameters) -> Result<Record, Failure> {
    let table = view.table()?;
    let context = view.context();
    let mut projection = Projection::new(table, context.caller, parameters.fields.as_deref())?;
    let expands = Expand::parse(&context, table, &parameters.expand)?;
    expand::need(&mut projection, &expands);
    let key = view.key(table)?;
    let statement =
        select::get(&context, table, &projection.columns, &key)?.ok_or_else(|| no_such_record(table))?;

    let lanes = &view.request.lanes;
    let _share = match expands.is_empty() && view.reads_quickly(table) {
        true => None,
        false => Some(view.request.scan_share().await?),
    };
    let rows = store::rows(view.reads(table), table, &statement).await?;
    let row = rows.first().ok_or_else(|| no_such_record(table))?;
    let version = table.versioned.then(|| version(row, projection.columns.len())).flatten();
    let found = expand::follow(&context, At::Lane(&lanes.scans), table, &projection, &expands, &rows).await?;
    let mut json = Vec::with_capacity(512);
    projection.open_object(&mut json, table, row)?;
    found.close_object(&mut json, 0);
    let whole = (!expands.is_empty() || version.is_none()).then_some(json.as_slice());
    Ok(Record { tag: etag::tag(version, whole), json })
}
