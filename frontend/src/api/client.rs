//! Sending calls: the bearer token that goes along, its renewal, and what an answer means.

use annex_openapi::auth::{RefreshRequest, TokenResponse};
use annex_openapi::problem::Problem;
use gloo_net::http::{Request, Response};
use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::call::{Answer, Call, unreadable};
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
