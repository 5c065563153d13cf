//! A call: what is sent, and the answer.

use std::borrow::Cow;

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::ApiError;

/// What is sent with a call.
enum Body {
    Nothing,
    Json(String),
    Raw(JsValue, String),
}

/// One call, to be sent.
pub struct Call {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Body,
    pub(super) anonymous: bool,
    pub(super) token: Option<String>,
    signal: Option<AbortSignal>,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            anonymous: false,
            token: None,
            signal: None,
        }
    }

    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// `POST path`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// `PATCH path`.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// `DELETE path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Any method by its name; the API page tries every operation.
    pub fn with_method(method: &str, path: impl Into<String>) -> Self {
        Self::new(method.parse().unwrap_or(Method::GET), path)
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a query parameter where there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends a JSON body.
    pub fn json(self, body: &impl Serialize) -> Self {
        let text = serde_json::to_string(body).expect("the contract's types have JSON forms");
        self.json_text(text)
    }

    /// Sends a body that is JSON text already.
    pub fn json_text(mut self, text: String) -> Self {
        self.body = Body::Json(text);
        self
    }

    /// Sends a file, or whatever else `fetch` takes.
    pub fn raw(mut self, body: JsValue, media_type: impl Into<String>) -> Self {
        self.body = Body::Raw(body, media_type.into());
        self
    }

    /// Sends it without a token.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Sends it with this access token in place of the session's.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Ends it when the signal says so.
    pub fn signal(mut self, signal: &AbortSignal) -> Self {
        self.signal = Some(signal.clone());
        self
    }

    /// The path and the query of a call that asks for nothing else than what is there.
    pub(super) fn plain_address(&self) -> Option<String> {
        let is_plain =
            self.method == Method::GET && self.headers.is_empty() && matches!(self.body, Body::Nothing);
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sign = if query.is_empty() { "" } else { "?" };
        is_plain.then(|| format!("{}{sign}{}", self.path, query.join("&")))
    }

    pub(super) async fn send(&self, origin: &str, token: Option<&str>) -> Result<Response, ApiError> {
        self.request(origin, token)?.send().await.map_err(|_| ApiError::Offline)
    }

    pub(super) fn request(&self, origin: &str, token: Option<&str>) -> Result<Request, ApiError> {
        let mut request = RequestBuilder::new(&format!("{origin}{}", self.path))
            .method(self.method.clone())
            .query(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .abort_signal(self.signal.as_ref());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(token) = token {
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        let request = match &self.body {
            Body::Nothing => request.build(),
            Body::Json(text) => request.header("content-type", "application/json").body(text.as_str()),
            Body::Raw(body, media_type) => request.header("content-type", media_type).body(body.clone()),
        };
        request.map_err(unreadable)
    }
}

pub(super) fn unreadable(error: impl ToString) -> ApiError {
    ApiError::Unreadable(error.to_string())
}

/// An answer.
pub struct Answer(pub(super) Response);

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.headers().get(name)
    }

    /// All headers that the browser tells of.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.0.headers().entries().collect()
    }

    /// The body as a JSON type.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        serde_json::from_str(&self.text().await?).map_err(unreadable)
    }

    /// The body as text.
    pub async fn text(self) -> Result<String, ApiError> {
        self.0.text().await.map_err(|_| ApiError::Offline)
    }

    /// The answer as the browser has it, for a body that is read as a stream or a blob.
    pub fn into_response(self) -> web_sys::Response {
        self.0.into()
    }
}
