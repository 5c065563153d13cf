//! The body of an import as it arrives.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web;
use futures_util::{Stream, StreamExt, stream};

use crate::connection::Pace;
use crate::extract::media_type;
use crate::problem::{Code, Problem, Result};

/// How much of the body is taken apart at a time.
const CHUNK: usize = 1 << 20;

/// The media type of the body, without parameters.
///
/// # Errors
/// `unsupported_media_type` where it is encoded, or not in UTF-8.
pub fn essence(http: &HttpRequest) -> Result<String> {
    let encoding = http.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        return Err(unsupported(format!("The body came with the encoding `{encoding}`")));
    }
    media_type(http).map_err(|charset| unsupported(charset.to_string()))
}

/// The body is not one of rows.
pub fn unsupported(detail: String) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail).with_hint(
        "Send CSV with `Content-Type: text/csv`, or a JSON object a line with `application/x-ndjson`",
    )
}

/// The body as it arrives.
pub struct Body {
    payload: web::Payload,
    read: usize,
    most: usize,
    pace: Pace,
    is_over: bool,
}

impl Body {
    /// A body of at most so many bytes, of which the client may send nothing for so long.
    ///
    /// # Errors
    /// `payload_too_large` where it says that it is.
    pub fn new(http: &HttpRequest, payload: web::Payload, most: usize, patience: Duration) -> Result<Self> {
        let body = Self { payload, read: 0, most, pace: Pace::new(patience), is_over: false };
        let announced =
            http.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        match announced {
            Some(length) if length > body.most => Err(body.too_large()),
            _ => Ok(body),
        }
    }

    /// The next part; none at the end. Only waiting for the client counts for its pace, not what is done with what it sent.
    ///
    /// # Errors
    /// `request_timeout`, `payload_too_large`, `bad_request` where it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK && !self.is_over {
            let asked = Instant::now();
            let next = tokio::time::timeout(self.pace.left(), self.payload.next()).await.map_err(|_| {
                Problem::new(Code::RequestTimeout, "The body came too slowly, or no more of it")
                    .with_hint("Send the rows in several imports, or raise ANNEX_READ_TIMEOUT")
            })?;
            let Some(bytes) = next else {
                self.is_over = true;
                break;
            };
            let bytes = bytes
                .map_err(|error| Problem::new(Code::BadRequest, format!("The body broke off: {error}")))?;
            self.pace.moved(bytes.len(), asked.elapsed());
            self.read += bytes.len();
            if self.read > self.most {
                return Err(self.too_large());
            }
            chunk.extend_from_slice(&bytes);
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    /// The parts that are still to come.
    pub fn into_chunks(self) -> impl Stream<Item = Result<Vec<u8>>> {
        stream::try_unfold(self, async |mut body| Ok(body.chunk().await?.map(|chunk| (chunk, body))))
    }

    fn too_large(&self) -> Problem {
        Problem::new(Code::PayloadTooLarge, format!("The body is larger than {} bytes", self.most))
            .with_hint("Send the rows in several imports, or raise ANNEX_MAX_IMPORT")
    }
}
