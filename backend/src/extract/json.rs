//! JSON bodies.

use std::pin::Pin;
use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::error::Elapsed;

use super::media_type::media_type;
use super::numbers::check_numbers;
use super::object::list_for_object;
use super::shape::check_shape;
use crate::app::App;
use crate::connection::PARTS;
use crate::problem::{Code, FieldError, Problem, Result};

/// A body of that type.
///
/// # Errors
/// `unsupported_media_type`, `payload_too_large`, `invalid_json` (also for a repeated key and for JSON nested deeper
/// than 64), `validation_failed` for JSON that is not of the type, and for numbers that would lose digits.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Serialize> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = require_json(request);
        let body = read_body(request, payload);
        Box::pin(async move {
            media_type?;
            parse_json(&body.await?).map(Json)
        })
    }
}

/// The bytes of a JSON body, with its media type, its size, its depth and its keys checked.
#[derive(Debug, Clone)]
pub struct JsonBytes(pub Bytes);

impl FromRequest for JsonBytes {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = require_json(request);
        let body = read_body(request, payload);
        Box::pin(async move {
            media_type?;
            let bytes = body.await?;
            check_shape(&bytes)?;
            Ok(Self(bytes))
        })
    }
}

fn require_json(request: &HttpRequest) -> Result<()> {
    let said = match media_type(request) {
        Ok(essence) if essence == "application/json" => return Ok(()),
        Ok(essence) if essence.is_empty() => "The body came with no media type".to_owned(),
        Ok(essence) => format!("The body came with `{essence}`"),
        Err(charset) => charset.to_string(),
    };
    Err(Problem::new(Code::UnsupportedMediaType, said)
        .with_hint("Send JSON in UTF-8 with `Content-Type: application/json`"))
}

/// Reads the whole of a request's body, within the limits of size and time.
///
/// # Errors
/// `payload_too_large`, `request_timeout`, `bad_request` where it breaks off.
pub fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes>> + use<> {
    let server = request.app_data::<Data<App>>().map(|app| &app.config.server);
    let limit = server.map_or(1 << 20, |server| server.max_body);
    let patience = server.map_or(Duration::from_secs(10), |server| server.read_timeout);
    let payload = payload.take();
    let announced = request
        .headers()
        .get(actix_web::http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    async move {
        let too_large = || {
            Problem::new(Code::PayloadTooLarge, format!("The body is larger than {limit} bytes"))
                .with_hint("Send less at a time, or use the import for many rows")
        };
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let read = async {
            let mut payload = payload;
            let mut body = BytesMut::with_capacity(announced.unwrap_or(0));
            while let Some(chunk) = tokio::time::timeout(patience, payload.next()).await? {
                match chunk {
                    Ok(chunk) if body.len() + chunk.len() > limit => return Ok(Err(too_large())),
                    Ok(chunk) => body.extend_from_slice(&chunk),
                    Err(error) => {
                        return Ok(Err(Problem::new(
                            Code::BadRequest,
                            format!("The body broke off: {error}"),
                        )));
                    }
                }
            }
            Ok(Ok(body.freeze()))
        };
        // Each read is bounded, and all of them together: a byte now and then would go on for days.
        let all = tokio::time::timeout(patience * PARTS, read).await;
        all.and_then(|read| read).unwrap_or_else(|_: Elapsed| {
            let waited = patience.as_secs();
            Err(Problem::new(
                Code::RequestTimeout,
                format!("The body did not arrive; no part of it may take longer than {waited} s"),
            ))
        })
    }
}

/// A value of that type from JSON text.
///
/// # Errors
/// As for [`Json`].
pub fn parse_json<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T> {
    check_shape(bytes)?;
    check_numbers("", bytes)?;
    let read: T = parse_checked(bytes)?;
    let (sent, read_as) = (parse_checked(bytes)?, serde_json::to_value(&read).map_err(Problem::internal)?);
    match list_for_object(&sent, &read_as) {
        Some(pointer) => {
            let detail = "this must be an object, not an array";
            Err(Problem::validation(vec![FieldError::new(pointer, "invalid", detail)]))
        }
        None => Ok(read),
    }
}

/// A value of that type from JSON text whose shape was checked; it may borrow from the text.
///
/// # Errors
/// `validation_failed` for JSON that is not of the type.
pub fn parse_checked<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        let detail = sentence(&inner);
        Problem::validation(vec![FieldError::new(pointer, "invalid", detail)])
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A member's name as a pointer has it.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_member_is_pointed_at() {
        #[derive(Debug, Serialize, Deserialize)]
        struct Outer {
            list: Vec<u8>,
        }
        let problem = parse_json::<Outer>(br#"{"list": [1, "x"]}"#).unwrap_err();
        assert_eq!(problem.errors[0].pointer, "/list/1");
    }

    #[test]
    fn an_array_is_no_structure() {
        #[derive(Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        struct Outer {
            list: Vec<Inner>,
            any: serde_json::Value,
        }
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        enum Inner {
            Named { name: String },
        }
        for (text, pointer) in [
            ("[]", ""),
            (r#"[[], 1]"#, ""),
            (r#"{"list": [{"kind": "Named", "name": "a"}, ["Named", "b"]]}"#, "/list/1"),
        ] {
            let problem = parse_json::<Outer>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.errors[0].pointer, pointer, "{text}");
        }
        parse_json::<Outer>(br#"{"list": [{"kind": "Named", "name": "a"}], "any": [[]]}"#).unwrap();
    }
}
