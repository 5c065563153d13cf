//! The media type of a body.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;

/// A body in another charset than UTF-8.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("The body came as `{0}`, but must be UTF-8")]
pub struct ForeignCharset(String);

/// The media type that a request's body came with, in lower case and without parameters; empty where none was named.
///
/// # Errors
/// The charset is another than UTF-8.
pub fn media_type(request: &HttpRequest) -> Result<String, ForeignCharset> {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = value.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_owned();
    // ASCII is UTF-8 too.
    let foreign = parts
        .filter_map(|part| Some(part.strip_prefix("charset=")?.trim_matches('"')))
        .find(|charset| !matches!(*charset, "utf-8" | "utf8" | "us-ascii"));
    foreign.map_or(Ok(essence), |charset| Err(ForeignCharset(charset.to_owned())))
}
