//! `POST /v1/records/{collection}/export`
//!
//! The body is an `ExportRequest`: `format` (`csv`, the default, or `ndjson`), `filter`, `sort`, `fields` and `escape_formulas`.
//! The answer is a stream, `text/csv` or `application/x-ndjson`, of the rows that a list would have, in its order, as they
//! were at one moment. Imported again it gives the same rows, except for what `escape_formulas` put in front. Where
//! reading fails in the middle the transfer breaks off, so that nobody takes a part for the whole.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use annex_openapi::transfer::{ExportRequest, TransferFormat};

use super::reading::{Reading, STATEMENT_LIMIT};
use crate::extract::Json;
use crate::problem::{Problem, Result};
use crate::records::request::Request;
use crate::records::store::Failure;

/// Exports the rows of a list.
///
/// # Errors
/// `not_found`, `invalid_expression`, `invalid_parameter`, `statement_timeout`, `overloaded`,
/// `too_many_requests`.
pub async fn export(request: Request, body: Json<ExportRequest>) -> Result<HttpResponse> {
    let asked = body.0;
    let (first, pieces) = request
        .attempt(async |view| {
            let reading = Reading::of(&view.context(), view.table()?, &asked)?;
            let connection = request.app.db.own.connect(request.party(), STATEMENT_LIMIT).await?;
            let (mut pieces, read) = reading.begin(connection);
            actix_web::rt::spawn(read);
            // What fails before anything is sent has an answer of its own.
            match pieces.recv().await {
                Some(Ok(first)) => Ok((first, pieces)),
                Some(Err(failure)) => Err(failure),
                None => Err(Problem::internal("an export ended before it began").into()),
            }
        })
        .await?;
    let stream = futures_util::stream::unfold((Some(first), pieces), async |(first, mut pieces)| {
        let piece = match first {
            Some(first) => Some(Ok(first)),
            None => pieces.recv().await,
        };
        match piece {
            Some(Ok(end)) if end.bytes.is_empty() => None,
            Some(Ok(piece)) => Some((Ok(piece.bytes), (None, pieces))),
            Some(Err(failure)) => Some((Err(broken(failure)), (None, pieces))),
            None => Some((Err(broken(Failure::Stale("nothing more came".to_owned()))), (None, pieces))),
        }
    });
    let disposition = format!("attachment; filename=\"{}\"", file_name(&request.collection, asked.format));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type(asked.format)))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .streaming(stream))
}

/// Why the transfer breaks off, for the log; the client sees only that it does.
fn broken(failure: Failure) -> Problem {
    let problem = match failure {
        Failure::Problem(problem) | Failure::Overtaken(problem) => problem,
        Failure::Stale(reason) => Problem::internal(reason),
    };
    tracing::error!(%problem, "an export broke off");
    problem
}

/// The media type of an export.
pub const fn media_type(format: TransferFormat) -> &'static str {
    match format {
        TransferFormat::Csv => "text/csv; charset=utf-8; header=present",
        TransferFormat::Ndjson => "application/x-ndjson",
    }
}

/// What a browser names the file: a collection's name has letters, digits and underscores alone.
pub fn file_name(collection: &str, format: TransferFormat) -> String {
    let extension = match format {
        TransferFormat::Csv => "csv",
        TransferFormat::Ndjson => "ndjson",
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = collection.chars().map(plain).collect();
    format!("{name}.{extension}")
}
