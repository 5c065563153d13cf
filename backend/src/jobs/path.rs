//! Ids in paths: what is none is nothing that there could be.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::input::is_name;
use crate::problem::Problem;

/// The `{id}` of the path.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| Uuid::parse_str(id).ok());
        ready(id.map(Self).ok_or_else(|| Problem::not_found("such id")))
    }
}

/// The `{queue}` or the `{kind}` of the path, or the `{name}` of a schedule.
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
