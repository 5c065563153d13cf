//! The program, and its first admin.

use std::time::Duration;

use annex_tests::Program;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password for the tests alone";

/// A running `annex`, and an admin who is signed in to it.
pub struct Annex {
    pub program: Program,
    pub client: Client,
    pub token: String,
}

impl Annex {
    /// Starts the program with those settings; no request waits for longer than that.
    pub async fn serve(settings: &[(&str, &str)], patience: Duration) -> Self {
        let own = [("ANNEX_ADMIN_EMAIL", EMAIL), ("ANNEX_ADMIN_PASSWORD", PASSWORD), ("ANNEX_LOG", "off")];
        let program = Program::serve(&[&own, settings].concat());
        let client = Client::builder().no_proxy().timeout(patience).build().expect("a client can be made");
        let mut annex = Self { program, client, token: String::new() };
        let answer = annex.post("/v1/auth/login", &json!({"email": EMAIL, "password": PASSWORD})).await;
        let body: Value = answer.expect("it answers").json().await.expect("it is JSON");
        annex.token = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        annex
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.program.address)
    }

    pub async fn post(&self, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(self.url(path)).header("content-type", "application/json");
        let request = match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        };
        request.body(body.to_string()).send().await
    }

    /// Makes a collection with one field, a text.
    pub async fn make_collection(&self, name: &str) {
        let body = json!({"name": name, "fields": [{"name": "text", "type": "text"}]});
        let answer = self.post("/v1/collections", &body).await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::CREATED, "{:?}", answer.text().await);
    }
}
