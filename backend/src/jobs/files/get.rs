//! `GET /v1/jobs/{id}/file`

use std::borrow::Cow;
use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::problem::Problem as ProblemBody;
use futures_util::Stream;
use sqlx::PgPool;
use uuid::Uuid;

use super::part::Part;
use crate::app::App;
use crate::extract::{Parameters, Query};
use crate::jobs::on_behalf::may_see;
use crate::jobs::path::Id;
use crate::jobs::store::files::{self, CHUNK};
use crate::jobs::store::jobs;
use crate::problem::{Code, Problem, Result};

/// What a link has.
#[derive(Debug, Default)]
pub struct FileParameters {
    expires: Option<i64>,
    session: Option<Uuid>,
    signature: Option<String>,
}

impl Parameters for FileParameters {
    const NAMES: &'static [&'static str] = &["expires", "session", "signature"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "expires" => self.expires = value.parse().ok(),
            "session" => self.session = value.parse().ok(),
            _ => self.signature = Some(value.into_owned()),
        }
        Ok(())
    }
}

/// Read the file that a job made, by a signed link.
///
/// The link is `file.url` in the result of an export: `GET /v1/jobs/{id}` gives a new one each time. It is good for 15 minutes and for
/// as long as the session lasts in which it was given, and needs no token. One range of bytes may be asked for.
///
/// # Errors
/// `forbidden`, `not_found`, `range_not_satisfiable` with how long it is in `Content-Range`
#[utoipa::path(
    get, path = "/v1/jobs/{id}/file", operation_id = "jobs_file", tag = "jobs",
    params(
        ("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        ("expires" = i64, Query, description = "Until when the link is good, in seconds since 1970", example = 1_767_225_600),
        ("session" = Uuid, Query, description = "In which session it was given", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        ("signature" = String, Query, description = "Proves that the server gave it", example = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("Range" = Option<String>, Header, description = "The bytes that are wanted", example = "bytes=0-1023"),
    ),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Disposition" = String, description = "What a browser names the file"), ("ETag" = String, description = "Names the file, for `If-Range`"))),
        (status = 206, description = "The part of it that `Range` asks for", content((String = "text/csv"), (String = "application/x-ndjson")),
            headers(("Content-Range" = String, description = "Which bytes they are"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn get(
    http: HttpRequest,
    app: Data<App>,
    Id(id): Id,
    Query(link): Query<FileParameters>,
) -> Result<HttpResponse> {
    check(&app, id, &link).await?;
    let file = files::of_job(&app.db.pool, id).await?.filter(|file| file.expires_at > app.clock.now());
    let file = file.ok_or_else(|| Problem::not_found("such file any more"))?;
    let (size, etag) = (file.size.unsigned_abs(), format!("\"{}\"", file.id));
    let (status, part) = match Part::of(http.headers(), size, &etag) {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Bytes(part) => (StatusCode::PARTIAL_CONTENT, part),
        Part::Outside => {
            let problem = Problem::new(Code::RangeNotSatisfiable, format!("The file has {size} bytes"));
            let mut response = HttpResponse::from_error(problem);
            let value = HeaderValue::from_str(&format!("bytes */{size}")).map_err(Problem::internal)?;
            response.headers_mut().insert(CONTENT_RANGE, value);
            return Ok(response);
        }
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::PARTIAL_CONTENT {
        response.insert_header((CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start, part.end - 1)));
    }
    response
        .insert_header((CONTENT_TYPE, file.media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((ETAG, etag));
    let length = part.end - part.start;
    Ok(response.body(SizedStream::new(length, Box::pin(read(app.db.pool.clone(), file.id, part)))))
}

/// A link is the right of whoever got it to read the job, for a while: it ends with the session and with the right.
async fn check(app: &App, id: Uuid, link: &FileParameters) -> Result<()> {
    let invalid = || {
        Problem::new(Code::Forbidden, "The link is not valid, or not any more")
            .with_hint("Read the job again: its result has a new one")
    };
    let FileParameters { expires: Some(expires), session: Some(session), signature: Some(signature) } = link
    else {
        return Err(invalid());
    };
    let is_signed = app.jobs.links.has_signed(id, *session, *expires, signature);
    if !is_signed || *expires <= app.clock.now().unix_timestamp() {
        return Err(invalid());
    }
    let identity = app.auth.in_session(*session, app).await?.ok_or_else(invalid)?;
    let job = jobs::read(&app.db.pool, &[id], false).await?.pop();
    let job = job.ok_or_else(|| Problem::not_found("such file any more"))?;
    if may_see(app, &identity, &job) { Ok(()) } else { Err(invalid()) }
}

/// These bytes of a file, a chunk at a time. No connection is held while the client is waited for.
pub fn read(pool: PgPool, file: Uuid, part: Range<u64>) -> impl Stream<Item = Result<Bytes>> {
    futures_util::stream::try_unfold(part, move |part| {
        let pool = pool.clone();
        async move {
            if part.is_empty() {
                return Ok(None);
            }
            let (position, from) = (part.start / CHUNK as u64, (part.start % CHUNK as u64) as usize);
            let chunk = files::chunk(&pool, file, position as i32).await?;
            let chunk = Bytes::from(chunk.ok_or_else(|| Problem::internal("a file went while it was read"))?);
            let length = (chunk.len().saturating_sub(from) as u64).min(part.end - part.start);
            if length == 0 {
                return Err(Problem::internal("a file is shorter than is known"));
            }
            Ok(Some((chunk.slice(from..from + length as usize), part.start + length..part.end)))
        }
    })
}
