//! Entity tags of records (RFC 9110, 8.8.3): the version that Postgres itself gives a row (`xmin`).
//!
//! An answer with expanded relations says more than the row: a digest of it follows the version there, which
//! `If-Match` passes over.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest};
use xxhash_rust::xxh3::xxh3_64;

use crate::problem::{Code, Problem, Result};

/// The tag of a row's version, or of an answer with more than the row in it.
pub fn tag(version: Option<u32>, expanded: Option<&[u8]>) -> String {
    match (version, expanded) {
        (Some(version), None) => format!("\"{version:x}\""),
        (Some(version), Some(body)) => format!("\"{version:x}.{:x}\"", xxh3_64(body)),
        (None, body) => format!("\"h.{:x}\"", xxh3_64(body.unwrap_or_default())),
    }
}

/// What `If-Match` and `If-None-Match` demand of a row that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    None,
    /// That it is there (`*`).
    Exists,
    /// That it has this version.
    Version(u32),
    /// That it is not there yet (`If-None-Match: *`): for a replacement alone.
    Absent,
}

impl FromRequest for Demand {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl Demand {
    fn of(request: &HttpRequest) -> Result<Self> {
        let single = |name: HeaderName| {
            let mut values = request.headers().get_all(&name);
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
                _ => Err(Problem::new(Code::BadRequest, format!("`{name}` is there twice"))),
            }
        };
        match (single(IF_MATCH)?, single(IF_NONE_MATCH)?) {
            (None, None) => Ok(Self::None),
            (Some(tag), None) => Self::parse(tag),
            (None, Some(tag)) if tag.trim() == "*" && request.method() == Method::PUT => Ok(Self::Absent),
            (None, Some(_)) => Err(Problem::new(
                Code::BadRequest,
                "In a write `If-None-Match` takes `*`, and only with PUT: that there is no such record yet",
            )),
            (Some(_), Some(_)) => {
                Err(Problem::new(Code::PreconditionFailed, "`If-Match` and `If-None-Match` cannot both hold"))
            }
        }
    }

    /// One entity tag, or `*`.
    ///
    /// # Errors
    /// `precondition_failed` for a tag that no row ever has, `bad_request` for more than one.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Exists);
        }
        if text.contains(',') {
            return Err(Problem::new(Code::BadRequest, "`If-Match` takes one entity tag here"));
        }
        let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let version = inner.map(|inner| inner.split('.').next().unwrap_or_default());
        version
            .and_then(|version| u32::from_str_radix(version, 16).ok())
            .map(Self::Version)
            .ok_or_else(changed)
    }

    /// The version that a statement checks.
    pub fn version(self) -> Option<u32> {
        match self {
            Self::Version(version) => Some(version),
            Self::None | Self::Exists | Self::Absent => None,
        }
    }
}

/// `If-Match` does not hold.
pub fn changed() -> Problem {
    Problem::new(Code::PreconditionFailed, "The record has changed since that version")
        .with_hint("Read it again, and decide anew")
}

/// `If-None-Match: *` does not hold.
pub fn exists() -> Problem {
    Problem::new(Code::PreconditionFailed, "There is a record with this key already")
}

/// Whether the client has this very answer already (`If-None-Match`).
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let name: HeaderName = IF_NONE_MATCH;
    let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}
