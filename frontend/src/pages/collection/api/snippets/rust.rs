//! A request for Rust, with reqwest.

use super::{json, pretty};
use crate::pages::collection::api::request::{Answer, Body, Request};

/// A text as a Rust literal.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The request as Rust.
pub(super) fn write(request: &Request) -> String {
    let mut calls = vec![format!(".{}({})", request.method.to_lowercase(), quoted(&request.address()))];
    if request.has_token {
        calls.push(".bearer_auth(token)".to_owned());
    }
    let header = |name: &str, value: &str| format!(".header({}, {})", quoted(name), quoted(value));
    calls.extend(request.headers.iter().map(|(name, value)| header(&name.to_lowercase(), value)));
    if !request.query.is_empty() {
        let pairs: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("({}, {})", quoted(name), quoted(value)))
            .collect();
        calls.push(format!(".query(&[{}])", pairs.join(", ")));
    }
    match &request.body {
        None => {}
        Some(Body::Json(text)) => match json(text) {
            Some(value) => calls.push(format!(".json(&serde_json::json!({}))", pretty(&value, 4))),
            None => {
                calls.push(header("content-type", "application/json"));
                calls.push(format!(".body({})", quoted(text)));
            }
        },
        Some(Body::Text { media_type, text }) => {
            calls.push(header("content-type", media_type));
            calls.push(format!(".body({})", quoted(text)));
        }
        Some(Body::File { media_type, name }) => {
            calls.push(header("content-type", media_type));
            calls.push(format!(".body(tokio::fs::File::open({}).await?)", quoted(name)));
        }
    }
    calls.extend([".send()".to_owned(), ".await?".to_owned(), ".error_for_status()?".to_owned()]);
    let (name, end) = match request.answer {
        Answer::Json => ("response", "\nlet result: serde_json::Value = response.json().await?;"),
        Answer::Text => ("response", "\nlet result = response.text().await?;"),
        Answer::Nothing => ("_", ""),
    };
    format!("let {name} = reqwest::Client::new()\n    {};{end}", calls.join("\n    "))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::write;

    #[test]
    fn a_list() {
        assert_eq!(
            write(&fixture::list()),
            r#"let response = reqwest::Client::new()
    .get("http://127.0.0.1:8080/v1/records/posts")
    .bearer_auth(token)
    .query(&[("filter", "title = \"it's\""), ("limit", "2")])
    .send()
    .await?
    .error_for_status()?;
let result: serde_json::Value = response.json().await?;"#
        );
    }

    #[test]
    fn a_create() {
        assert_eq!(
            write(&fixture::create()),
            r#"let response = reqwest::Client::new()
    .post("http://127.0.0.1:8080/v1/records/posts")
    .bearer_auth(token)
    .json(&serde_json::json!({
      "title": "it's",
      "tags": [
        "a"
      ],
      "draft": true,
      "score": null,
      "meta": {}
    }))
    .send()
    .await?
    .error_for_status()?;
let result: serde_json::Value = response.json().await?;"#
        );
    }

    #[test]
    fn headers_files_and_what_is_no_json() {
        assert_eq!(
            write(&fixture::delete()),
            r#"let _ = reqwest::Client::new()
    .delete("http://127.0.0.1:8080/v1/records/posts/7")
    .header("if-match", "\"2f1\"")
    .send()
    .await?
    .error_for_status()?;"#
        );
        assert!(write(&fixture::import()).contains(r#".body(tokio::fs::File::open("rows.csv").await?)"#));
        assert!(write(&fixture::broken()).contains(r#".body("{\"format\": \"it's\"")"#));
    }
}
