//! Names in paths: what is none is nothing that there could be.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::Problem;

/// The `{queue}` or the `{kind}` of the path, or the `{name}` of a schedule or a hook.
#[derive(Debug, Clone)]
pub struct Name(pub String);

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = request.match_info();
        let name = match path.get("kind") {
            Some(kind) => Some(kind).filter(|kind| is_name(kind, 100)),
            None => path.get("queue").or(path.get("name")).filter(|name| is_name(name, 63)),
        };
        let name = name.map(|name| Self(name.to_owned()));
        ready(name.ok_or_else(|| {
            Problem::not_found("such name")
                .with_hint("Names are of a-z, 0-9, `_`, `.` and `-`, and begin with a letter")
        }))
    }
}

/// Whether that can be the name of a queue, a kind, a schedule or a hook.
pub fn is_name(value: &str, most: usize) -> bool {
    value.len() <= most
        && value.starts_with(|first: char| first.is_ascii_lowercase())
        && value.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
}
