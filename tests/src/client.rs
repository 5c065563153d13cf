//! An API client that holds every answer against the document.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::Answer;
use crate::contract::{Contracts, Standing};

/// A caller of the API: nobody, or an account.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    contracts: Arc<Contracts>,
    /// The account's access token.
    pub token: Option<String>,
    /// The account's id.
    pub id: Option<String>,
    standing: Standing,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, contracts: Arc<Contracts>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client can be made");
        let base = format!("http://{address}");
        Self { base, http, contracts, token: None, id: None, standing: Standing::Plain }
    }

    /// The account of an answer to a sign-in.
    ///
    /// # Panics
    /// The answer has no token.
    pub fn signed_in(&self, answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let token = text(&answer["access_token"]);
        assert!(token.is_some(), "there is no access token in {answer}");
        Self { token, id: text(&answer["user"]["id"]), standing: Standing::Plain, ..self.clone() }
    }

    /// The same account, which has become an admin: its answers are held against an admin's document.
    pub fn as_admin(&self) -> Self {
        Self { standing: Standing::Admin, ..self.clone() }
    }

    /// The same connections with another token, whatever it is.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), standing: Standing::Plain, ..self.clone() }
    }

    /// The account's id.
    ///
    /// # Panics
    /// The client is nobody.
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("the client is signed in")
    }

    /// A request with any method.
    ///
    /// # Panics
    /// The method's name is not valid.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let method = Method::from_bytes(method.as_bytes()).expect("the method is valid");
        Request {
            client: self.clone(),
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: None,
            checked: true,
        }
    }

    /// `GET path`
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: Value) -> Request {
        self.request("POST", path).json(&body)
    }

    /// `PATCH path` with a JSON body.
    pub fn patch(&self, path: &str, body: Value) -> Request {
        self.request("PATCH", path).json(&body)
    }

    /// `PUT path` with a JSON body.
    pub fn put(&self, path: &str, body: Value) -> Request {
        self.request("PUT", path).json(&body)
    }

    /// `DELETE path`
    pub fn delete(&self, path: &str) -> Request {
        self.request("DELETE", path)
    }
}

/// A request that is sent when it is awaited.
#[derive(Debug)]
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Option<reqwest::Body>,
    checked: bool,
}

impl Request {
    /// Adds a header; one of the same name stays.
    ///
    /// # Panics
    /// It is not a valid header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the header's name is valid");
        self.headers.append(name, HeaderValue::from_str(value).expect("the header's value is valid"));
        self
    }

    /// Sends that as JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends that body.
    pub fn body(mut self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.headers.remove(CONTENT_TYPE);
        self.body = Some(body.into());
        self.header("content-type", media_type)
    }

    /// Does not hold the answer against the document: for routes that are not the API's, and nothing else.
    pub fn undocumented(mut self) -> Self {
        self.checked = false;
        self
    }

    async fn send(self) -> Answer {
        let Self { client, method, path, headers, body, checked } = self;
        let mut request =
            client.http.request(method.clone(), format!("{}{path}", client.base)).headers(headers);
        if let Some(token) = &client.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let version = client.contracts.version();
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let answer = Answer {
            request: format!("{method} {path}"),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap_or_else(|error| panic!("{method} {path}: {error}")),
        };
        if checked {
            client
                .contracts
                .check(
                    &client.http,
                    (client.token.as_deref(), client.standing),
                    version,
                    &method,
                    &path,
                    &answer,
                )
                .await;
        }
        answer
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
