//! What the log keeps of a request.

use std::borrow::Cow;
use std::net::IpAddr;

use annex_openapi::requests::{RequestError, RequestProblem};
use time::OffsetDateTime;
use uuid::Uuid;

use super::redact;
use crate::problem::Problem;

const LONGEST_PATH: usize = 2000;
const LONGEST_QUERY: usize = 4000;
const LONGEST_TEXT: usize = 1000;

/// Of an import there may be thousands.
const MOST_ERRORS: usize = 20;

/// What the log keeps of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Names it, and says when it came.
    pub id: Uuid,
    /// What the client called it; nothing where that is the id.
    pub request_id: Option<String>,
    /// When it came.
    pub at: OffsetDateTime,
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: String,
    /// Its query.
    pub query: Option<String>,
    /// The path's pattern.
    pub route: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// How long the answer took, in microseconds.
    pub duration_us: i64,
    /// The account that asked.
    pub user_id: Option<Uuid>,
    /// The admin who acted as the account.
    pub impersonator_id: Option<Uuid>,
    /// Where it came from.
    pub address: IpAddr,
    /// What was wrong.
    pub problem: Option<RequestProblem>,
}

/// A path as it is kept.
pub(super) fn path(text: &str) -> String {
    kept(&redact::text(text), LONGEST_PATH)
}

/// A query as it is kept.
pub(super) fn query(text: &str) -> String {
    kept(&redact::query(text), LONGEST_QUERY)
}

/// A problem as it is kept: without its hint and its cause.
pub(super) fn problem(problem: &Problem) -> RequestProblem {
    let errors = problem.errors.iter().take(MOST_ERRORS).map(|error| RequestError {
        pointer: kept(&redact::text(&error.pointer), LONGEST_TEXT),
        code: error.code.clone(),
    });
    RequestProblem {
        code: problem.code.as_str().to_owned(),
        detail: kept(&redact::text(&problem.detail), LONGEST_TEXT),
        errors: errors.collect(),
    }
}

/// The beginning of a text, as Postgres can keep it: without NUL.
fn kept(text: &str, longest: usize) -> String {
    let text = match text.char_indices().nth(longest) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    };
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::problem::{Code, FieldError};

    /// Some entry with that status.
    pub(crate) fn entry(status: u16) -> Entry {
        Entry {
            id: Uuid::nil(),
            request_id: None,
            at: OffsetDateTime::UNIX_EPOCH,
            method: "GET",
            path: "/v1/records/posts".to_owned(),
            query: None,
            route: None,
            status,
            duration_us: 1,
            user_id: None,
            impersonator_id: None,
            address: [127, 0, 0, 1].into(),
            problem: None,
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_can_be_kept() {
        let long = path(&"ü".repeat(3000));
        assert_eq!((long.chars().count(), long.chars().last()), (LONGEST_PATH + 1, Some('…')));
        let errors = (0..100).map(|place| FieldError::new(format!("/{place}\0"), "required", "detail"));
        let kept = problem(&Problem::new(Code::ValidationFailed, "a\0b").with_errors(errors.collect()));
        assert_eq!((kept.detail.as_str(), kept.errors.len()), ("a\u{fffd}b", MOST_ERRORS));
        assert_eq!(kept.errors[0].pointer, "/0\u{fffd}");
    }
}
