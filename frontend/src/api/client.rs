//! A call: what is sent, the bearer token that goes along, and what the answer means.

use std::borrow::Cow;

use annex_openapi::auth::{RefreshRequest, TokenResponse};
use annex_openapi::problem::Problem;
use gloo_net::http::{Method, Request, RequestBuilder, Response};
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::session::Session;
use super::{ApiError, begun};

/// The API, as this browser's session may use it.
#[derive(Clone, Copy)]
pub struct Api {
    origin: StoredValue<Option<String>>,
    session: Session,
}

/// The API of the surrounding view.
pub fn use_api() -> Api {
    expect_context()
}

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
    anonymous: bool,
    token: Option<String>,
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
    fn plain_address(&self) -> Option<String> {
        let is_plain =
            self.method == Method::GET && self.headers.is_empty() && matches!(self.body, Body::Nothing);
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let sign = if query.is_empty() { "" } else { "?" };
        is_plain.then(|| format!("{}{sign}{}", self.path, query.join("&")))
    }

    async fn send(&self, origin: &str, token: Option<&str>) -> Result<Response, ApiError> {
        self.request(origin, token)?.send().await.map_err(|_| ApiError::Offline)
    }

    fn request(&self, origin: &str, token: Option<&str>) -> Result<Request, ApiError> {
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

fn unreadable(error: impl ToString) -> ApiError {
    ApiError::Unreadable(error.to_string())
}

/// An answer.
pub struct Answer(Response);

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

impl Api {
    /// The API, before anything is known of it.
    pub fn new() -> Self {
        let session = Session::new();
        session.watch();
        Self { origin: StoredValue::new(None), session }
    }

    /// The session of this browser.
    pub fn session(self) -> Session {
        self.session
    }

    /// Where the API is, once it is known.
    pub fn known_origin(self) -> String {
        self.origin.get_value().unwrap_or_default()
    }

    /// Where the API is: what the console's own server says, asked once.
    pub async fn origin(self) -> Result<String, ApiError> {
        #[derive(serde::Deserialize)]
        struct Config {
            api: String,
        }
        if let Some(origin) = self.origin.get_value() {
            return Ok(origin);
        }
        let text = match begun::config().await {
            Some(text) => text,
            None => {
                let answer = Request::get("/config.json").send().await.map_err(|_| ApiError::Offline)?;
                answer.text().await.map_err(unreadable)?
            }
        };
        let config: Config = serde_json::from_str(&text).map_err(unreadable)?;
        let origin = config.api.trim_end_matches('/').to_owned();
        self.origin.set_value(Some(origin.clone()));
        Ok(origin)
    }

    /// Sends a call. An access token that has run out is renewed, and the call sent once more; a session that has ended is
    /// forgotten, which shows the sign-in.
    pub async fn send(self, call: Call) -> Result<Answer, ApiError> {
        answer(self.exchange(call).await?.0).await
    }

    /// Sends a call as [`Self::send`] does, and gives what is answered, also where that is a problem.
    pub async fn exchange(self, call: Call) -> Result<Answer, ApiError> {
        let origin = self.origin().await?;
        if call.anonymous {
            return call.send(&origin, None).await.map(Answer);
        }
        if let Some(token) = &call.token {
            return call.send(&origin, Some(token)).await.map(Answer);
        }
        if self.session.is_over() {
            return Err(ApiError::SignedOut);
        }
        if self.session.access_token().is_none() && self.session.refresh_token().is_some() {
            self.renew().await?;
        }
        if let Some(address) = call.plain_address()
            && let Some(response) = begun::answer(&address).await
        {
            return Ok(Answer(response.into()));
        }
        let token = self.session.access_token();
        let response = call.send(&origin, token.as_deref()).await?;
        if response.status() != 401 || token.is_none() {
            return Ok(Answer(response));
        }
        self.renew().await?;
        call.send(&origin, self.session.access_token().as_deref()).await.map(Answer)
    }

    /// Sends a call while the page goes: nobody is there any more to hear the answer.
    pub fn send_last(self, call: &Call) {
        let Some(token) = self.session.access_token() else { return };
        let Ok(request) = call.request(&self.known_origin(), Some(&token)) else { return };
        let options = web_sys::RequestInit::new();
        // The browser sends what has this also when the page is gone.
        js_sys::Reflect::set(&options, &"keepalive".into(), &true.into()).ok();
        let request = web_sys::Request::from(request);
        if let Ok(request) = web_sys::Request::new_with_request_and_init(&request, &options) {
            drop(window().fetch_with_request(&request));
        }
    }

    /// Sends a call and reads its JSON.
    pub async fn fetch<T: DeserializeOwned>(self, call: Call) -> Result<T, ApiError> {
        self.send(call).await?.json().await
    }

    /// Renews the access token. The session is over where the server refuses.
    pub async fn renew(self) -> Result<(), ApiError> {
        self.session.renew(self.renew_alone()).await
    }

    async fn renew_alone(self) -> Result<(), ApiError> {
        let origin = self.origin().await?;
        if let Some(text) = begun::session().await {
            let tokens: TokenResponse = serde_json::from_str(&text).map_err(unreadable)?;
            if self.session.refresh_token().as_ref() == Some(&tokens.refresh_token) {
                return self.session.begin(tokens);
            }
        }
        loop {
            // Another tab may have renewed it since: the newest one counts.
            let Some(refresh_token) = self.session.refresh_token() else {
                self.session.end();
                return Err(ApiError::SignedOut);
            };
            let call =
                Call::post("/v1/auth/refresh").json(&RefreshRequest { refresh_token: refresh_token.clone() });
            let renewed = match answer(call.send(&origin, None).await?).await {
                Ok(answer) => answer.json::<TokenResponse>().await,
                Err(error) => Err(error),
            };
            if self.session.leave_where_over() {
                return Err(ApiError::SignedOut);
            }
            match renewed {
                Ok(tokens) => return self.session.begin(tokens),
                Err(error) if matches!(error.status(), Some(400..=428)) => {
                    let kept = self.session.refresh_token();
                    if kept.is_none() || kept.is_some_and(|kept| kept == refresh_token) {
                        self.session.end();
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The answer, or the problem that it is.
async fn answer(response: Response) -> Result<Answer, ApiError> {
    if response.ok() || response.status() == 304 {
        return Ok(Answer(response));
    }
    let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.parse().ok());
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    Err(match serde_json::from_str::<Problem>(&text) {
        Ok(problem) => ApiError::Problem { problem: Box::new(problem), retry_after },
        Err(_) => ApiError::Unreadable(format!("Something answered {status}, and it is not this API")),
    })
}
