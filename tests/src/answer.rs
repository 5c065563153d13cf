//! What the server answered, and what a test demands of it.

use std::fmt;

use annex_openapi::problem::Problem;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone)]
pub struct Answer {
    /// The request's method and path.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Demands that status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Demands a problem of that code, whole and well-formed, and gives it.
    #[track_caller]
    pub fn expect_problem(&self, code: &str) -> Problem {
        let problem = self.problem();
        assert_eq!(problem.code, code, "{self}");
        problem
    }

    /// Demands that the header is there, with that value.
    #[track_caller]
    pub fn expect_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "header {name} of {self}");
        self
    }

    /// Demands that the header is not there.
    #[track_caller]
    pub fn expect_no_header(self, name: &str) -> Self {
        assert_eq!(self.header(name), None, "header {name} of {self}");
        self
    }

    /// Demands that the body says that.
    #[track_caller]
    pub fn expect_said(self, text: &str) -> Self {
        assert!(self.text().contains(text), "`{text}` should be said by {self}");
        self
    }

    /// Demands that neither the body nor a header says any of that.
    ///
    /// # Panics
    /// It does; or one is so short a number that an id or a time may say it by chance.
    #[track_caller]
    pub fn expect_unsaid(self, texts: &[&str]) -> Self {
        for text in texts {
            let by_chance =
                text.len() < 9 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
            assert!(!by_chance, "`{text}` may stand in any id");
            assert!(!self.to_string().contains(text), "`{text}` should not be said by {self}");
        }
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type, without parameters.
    pub fn media_type(&self) -> Option<&str> {
        self.header("content-type").and_then(|value| value.split(';').next()).map(str::trim)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        self.json_as()
    }

    /// The body as JSON of that type.
    #[track_caller]
    pub fn json_as<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The rows of a page.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("there are no items in {self}")).clone()
    }

    /// The problem that it tells, checked for what every problem has.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        assert_eq!(self.media_type(), Some("application/problem+json"), "{self}");
        let problem: Problem = self.json_as();
        assert_eq!(problem.status, self.status, "{self}");
        assert_eq!(problem.type_, format!("/problems/{}", problem.code), "{self}");
        assert_eq!(Some(problem.request_id.as_str()), self.header("x-request-id"), "{self}");
        assert!(!problem.detail.is_empty(), "{self}");
        problem
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.request, self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n\n{}", self.text())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
