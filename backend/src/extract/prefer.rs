//! The `Prefer` header (RFC 7240).

use std::future::{Ready, ready};

use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::problem::Problem;

/// How to count what a list has in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Every row is counted.
    Exact,
    /// The planner's estimate.
    Estimated,
}

/// What the client would rather have. What is not understood is passed over, as the RFC says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefer {
    /// `count=exact` or `count=estimated`
    pub count: Option<Count>,
    /// `return=minimal`: no representation in the answer to a write.
    pub minimal: bool,
    /// `respond-async`: what takes long is done in the background.
    pub in_background: bool,
}

impl Prefer {
    /// What these headers say.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split([',', ';'])) {
            match preference.trim() {
                "count=exact" => prefer.count = Some(Count::Exact),
                "count=estimated" => prefer.count = Some(Count::Estimated),
                "return=minimal" => prefer.minimal = true,
                "respond-async" => prefer.in_background = true,
                _ => {}
            }
        }
        prefer
    }
}

impl FromRequest for Prefer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}
