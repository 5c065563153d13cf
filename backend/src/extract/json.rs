//! JSON bodies.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use tokio::time::error::Elapsed;

use crate::app::App;
use crate::problem::{Code, FieldError, Problem, Result};

/// The deepest JSON that is taken in.
const MAX_DEPTH: usize = 64;

/// How many times longer than one read may take may a whole body take.
const READS: u32 = 6;

/// A body of that type.
///
/// # Errors
/// `unsupported_media_type`, `payload_too_large`, `invalid_json` (also for a repeated key and for JSON nested deeper
/// than 64), `validation_failed` for JSON that is not of the type.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
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
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let said = if value.is_empty() { "no media type".to_owned() } else { format!("`{essence}`") };
    Err(Problem::new(Code::UnsupportedMediaType, format!("The body came with {said}"))
        .with_hint("Send JSON with `Content-Type: application/json`"))
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
        let all = tokio::time::timeout(patience * READS, read).await;
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
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    check_shape(bytes)?;
    parse_checked(bytes)
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

/// Checks that the text is JSON, is not nested too deep and repeats no key.
///
/// # Errors
/// `invalid_json`, with the line and the column.
pub fn check_shape(bytes: &[u8]) -> Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Shape { depth: 0 }.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = error.to_string().replace(&place, "");
        let detail = match error.classify() {
            serde_json::error::Category::Eof if bytes.is_empty() => {
                "The body is empty, but JSON is needed".to_owned()
            }
            _ => format!(
                "The body is not valid JSON at line {}, column {}: {what}",
                error.line(),
                error.column()
            ),
        };
        Problem::new(Code::InvalidJson, detail)
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Walks through JSON without keeping it.
#[derive(Clone, Copy)]
struct Shape {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Shape {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("it is nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key::<std::borrow::Cow<'de, str>>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            seen.insert(key);
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_and_deep_nesting_are_refused() {
        for (text, told) in [
            (r#"{"a": 1, "a": 2}"#, "twice"),
            (r#"{"a": {"b": [{"c": 1, "\u0063": 2}]}}"#, "twice"),
            (&format!("{}1{}", "[".repeat(65), "]".repeat(65)), "nested deeper"),
            ("{", "line 1, column 1"),
            ("", "empty"),
            ("{} {}", "trailing"),
        ] {
            let problem = check_shape(text.as_bytes()).unwrap_err();
            assert!(problem.detail.contains(told), "{text}: {}", problem.detail);
        }
        check_shape(format!("{}1{}", "[".repeat(64), "]".repeat(64)).as_bytes()).unwrap();
        check_shape(r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1e400}]}"#.as_bytes()).unwrap_err();
    }

    #[test]
    fn a_wrong_member_is_pointed_at() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "only its parsing is of interest")]
            list: Vec<u8>,
        }
        let problem = parse_json::<Outer>(br#"{"list": [1, "x"]}"#).unwrap_err();
        assert_eq!(problem.errors[0].pointer, "/list/1");
    }
}
