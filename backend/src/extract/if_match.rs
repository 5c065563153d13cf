//! Entity tags of settings: `If-Match` keeps one admin from writing over what another has changed meanwhile.
//!
//! A tag is a digest of what can be set. What changes by itself (how many jobs wait, when a schedule is due) is not in it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::problem::{Code, Problem, Result};

/// The tag of settings.
pub fn settings_tag(settings: &impl Serialize) -> String {
    let text = serde_json::to_vec(settings).expect("settings can be written as JSON");
    format!("\"{:016x}\"", xxh3_64(&text))
}

/// What `If-Match` demands: the tags of which one must hold, or `*`.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Vec<String>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let values = request.headers().get_all(IF_MATCH);
        let tags = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
        ready(Ok(Self(tags.map(|tag| tag.trim().to_owned()).collect())))
    }
}

impl IfMatch {
    /// Whether it holds, for what has that tag, or is not there.
    ///
    /// # Errors
    /// `precondition_failed`
    pub fn check(&self, tag: Option<&str>) -> Result<()> {
        let holds = |said: &String| tag.is_some_and(|tag| said == "*" || said == tag);
        if self.0.is_empty() || self.0.iter().any(holds) {
            return Ok(());
        }
        let detail = match tag {
            Some(_) => "The settings have changed since that version",
            None => "There are no such settings any more",
        };
        Err(Problem::new(Code::PreconditionFailed, detail).with_hint("Read them again, and decide anew"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_must_hold() {
        let tag = settings_tag(&("a", 1));
        assert_ne!(tag, settings_tag(&("a", 2)));
        let said = |tags: &[&str]| IfMatch(tags.iter().map(|tag| (*tag).to_owned()).collect());
        assert!(said(&[]).check(None).is_ok() && said(&[]).check(Some(&tag)).is_ok());
        assert!(said(&["*"]).check(Some(&tag)).is_ok() && said(&["\"1\"", &tag]).check(Some(&tag)).is_ok());
        for wrong in [&["*"][..], &[&tag]] {
            assert_eq!(said(wrong).check(None).unwrap_err().code, Code::PreconditionFailed);
        }
        assert!(said(&[&format!("W/{tag}")]).check(Some(&tag)).is_err());
    }
}
