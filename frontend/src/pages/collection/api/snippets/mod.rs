//! A request in the words of a language: one generator each, from the same request.

mod curl;
mod python;
mod rust;
mod typescript;

use serde_json::Value;

use super::request::Request;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The shell, with curl.
    Curl,
    /// TypeScript, with fetch.
    TypeScript,
    /// Python, with httpx.
    Python,
    /// Rust, with reqwest.
    Rust,
}

impl Language {
    /// All of them, with what they are called.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Curl, "curl"),
        (Self::TypeScript, "TypeScript"),
        (Self::Python, "Python"),
        (Self::Rust, "Rust"),
    ];

    /// The language of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, own)| *own == name).map(|(language, _)| language)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(own, _)| *own == self).map_or("", |(_, name)| name)
    }

    /// The request in it.
    pub fn write(self, request: &Request) -> String {
        match self {
            Self::Curl => curl::write(request),
            Self::TypeScript => typescript::write(request),
            Self::Python => python::write(request),
            Self::Rust => rust::write(request),
        }
    }
}

/// The body as a value, where it is JSON.
fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// JSON on several lines, all but the first of them further in.
fn pretty(value: &Value, indent: usize) -> String {
    let text = serde_json::to_string_pretty(value).expect("a value is JSON");
    text.replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// A text in double quotes, as JSON has it; TypeScript and Python read it too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod fixture {
    use super::super::request::{Answer, Body, Request};

    fn request(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            origin: "http://127.0.0.1:8080".to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            has_token: true,
            answer: Answer::Json,
        }
    }

    /// A list, with a filter that has quotes of both kinds.
    pub fn list() -> Request {
        let query =
            vec![("filter".to_owned(), "title = \"it's\"".to_owned()), ("limit".to_owned(), "2".to_owned())];
        Request { query, ..request("GET", "/v1/records/posts") }
    }

    /// A create, with every kind of JSON.
    pub fn create() -> Request {
        let body = r#"{"title": "it's", "tags": ["a"], "draft": true, "score": null, "meta": {}}"#;
        Request { body: Some(Body::Json(body.to_owned())), ..request("POST", "/v1/records/posts") }
    }

    /// A delete without a token that holds only for one version.
    pub fn delete() -> Request {
        Request {
            headers: vec![("If-Match".to_owned(), "\"2f1\"".to_owned())],
            has_token: false,
            answer: Answer::Nothing,
            ..request("DELETE", "/v1/records/posts/7")
        }
    }

    /// An import of a file.
    pub fn import() -> Request {
        Request {
            query: vec![("dry_run".to_owned(), "true".to_owned())],
            body: Some(Body::File { media_type: "text/csv".to_owned(), name: "rows.csv".to_owned() }),
            ..request("POST", "/v1/records/posts/import")
        }
    }

    /// An export, whose answer is no JSON, with a body that is no JSON either.
    pub fn broken() -> Request {
        Request {
            body: Some(Body::Json("{\"format\": \"it's\"".to_owned())),
            answer: Answer::Text,
            ..request("POST", "/v1/records/posts/export")
        }
    }
}
