//! Query parameters: each at most once, none that the operation does not know.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use annex_openapi::near;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use crate::problem::{Problem, Result};

/// The query parameters of an operation.
pub trait Parameters: Default {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// Takes one in; `name` is one of [`Parameters::NAMES`].
    ///
    /// # Errors
    /// In a sentence, what the value must be.
    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String>;
}

/// The query parameters of a request.
///
/// # Errors
/// `invalid_parameter` for one that is unknown, repeated or wrong.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: Parameters> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Parses a query string.
///
/// # Errors
/// As for [`Query`].
pub fn parse<T: Parameters>(text: &str) -> Result<T> {
    let mut parameters = T::default();
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if seen.contains(&name) {
            return Err(Problem::parameter(&name, format!("`{name}` is there twice")));
        }
        if !T::NAMES.contains(&name.as_ref()) {
            let problem = Problem::parameter(&name, format!("`{name}` is not a parameter of this operation"));
            let known = match near::nearest(&name, T::NAMES.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None if T::NAMES.is_empty() => "It takes none".to_owned(),
                None => format!("It takes {}", T::NAMES.join(", ")),
            };
            return Err(problem.with_hint(known));
        }
        if value.contains('\0') {
            return Err(Problem::parameter(&name, format!("`{name}` has a NUL character in it")));
        }
        parameters
            .set(&name, value)
            .map_err(|detail| Problem::parameter(&name, format!("`{name}` {detail}")))?;
        seen.push(name);
    }
    Ok(parameters)
}

/// A moment.
///
/// # Errors
/// In a sentence, what it must be.
pub fn moment(value: &str) -> Result<OffsetDateTime, String> {
    let moment = OffsetDateTime::parse(value, &Rfc3339)
        .map_err(|_| "must be a moment, such as 2026-01-31T12:00:00Z (`+` is written %2B)".to_owned())?;
    if can_be_kept(moment) { Ok(moment) } else { Err("must be in the years 1 to 9999 (UTC)".to_owned()) }
}

/// Whether the database keeps the moment, and it can be read again: rounded to microseconds it is in the years 1 to 9999 of UTC.
pub fn can_be_kept(moment: OffsetDateTime) -> bool {
    const FIRST: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
    const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999999 UTC);
    (FIRST..=LAST).contains(&moment)
}

/// No parameters at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoParameters;

impl Parameters for NoParameters {
    const NAMES: &'static [&'static str] = &[];

    fn set(&mut self, _: &str, _: Cow<'_, str>) -> Result<(), String> {
        Ok(())
    }
}
