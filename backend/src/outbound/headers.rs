//! Headers that users name, and those that come back.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::header::HttpDate;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use time::OffsetDateTime;

/// What the connection itself is made of: these are the client's to set.
const OWN_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that are to be sent.
///
/// # Errors
/// In a sentence, which one cannot be.
pub fn header_map(named: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        let known =
            HeaderName::from_str(name).map_err(|_| format!("`{name}` is not the name of a header"))?;
        if OWN_HEADERS.contains(&known.as_str()) {
            return Err(format!("`{known}` cannot be set: it is part of the connection"));
        }
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("`{known}` has a value that no header can have"))?;
        if headers.insert(known, value).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    Ok(headers)
}

/// The same to be read: what is there several times is one, with commas between.
pub fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let joined = |name: &HeaderName| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    };
    headers.keys().map(|name| (name.to_string(), joined(name))).collect()
}

/// After how long somebody wants to be asked again.
pub fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::from(std::time::SystemTime::from(text.parse::<HttpDate>().ok()?));
    Some(Duration::try_from(at - now).unwrap_or_default())
}
