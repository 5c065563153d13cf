//! A request for the shell.

use crate::pages::collection::api::request::{Body, Request};

/// A text in single quotes, as a shell reads it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The request as a command of curl.
pub(super) fn write(request: &Request) -> String {
    // Without a body curl can put the query together, which stays readable.
    let is_query_apart = request.method == "GET" && !request.query.is_empty();
    let url = if is_query_apart { request.address() } else { request.url() };
    let mut command = "curl".to_owned();
    if is_query_apart {
        command.push_str(" -G");
    }
    if request.method != "GET" && !(request.method == "POST" && request.body.is_some()) {
        command.push_str(&format!(" -X {}", request.method));
    }
    let mut lines = vec![format!("{command} {}", quoted(&url))];
    if request.has_token {
        lines.push("-H \"authorization: Bearer $TOKEN\"".to_owned());
    }
    let media_type = match &request.body {
        None => None,
        Some(Body::Json(_)) => Some("application/json"),
        Some(Body::Text { media_type, .. } | Body::File { media_type, .. }) => Some(media_type.as_str()),
    };
    lines.extend(media_type.map(|media_type| format!("-H 'content-type: {media_type}'")));
    lines.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| format!("-H {}", quoted(&format!("{}: {value}", name.to_lowercase())))),
    );
    if is_query_apart {
        let pairs = request
            .query
            .iter()
            .map(|(name, value)| format!("--data-urlencode {}", quoted(&format!("{name}={value}"))));
        lines.extend(pairs);
    }
    match &request.body {
        None => {}
        Some(Body::Json(text)) => lines.push(format!("-d {}", quoted(text))),
        Some(Body::Text { text, .. }) => lines.push(format!("--data-binary {}", quoted(text))),
        Some(Body::File { name, .. }) => lines.push(format!("--data-binary @{name}")),
    }
    lines.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::write;

    #[test]
    fn a_query_stays_readable() {
        assert_eq!(
            write(&fixture::list()),
            r#"curl -G 'http://127.0.0.1:8080/v1/records/posts' \
  -H "authorization: Bearer $TOKEN" \
  --data-urlencode 'filter=title = "it'\''s"' \
  --data-urlencode 'limit=2'"#
        );
    }

    #[test]
    fn a_body_makes_it_a_post() {
        assert_eq!(
            write(&fixture::create()),
            r#"curl 'http://127.0.0.1:8080/v1/records/posts' \
  -H "authorization: Bearer $TOKEN" \
  -H 'content-type: application/json' \
  -d '{"title": "it'\''s", "tags": ["a"], "draft": true, "score": null, "meta": {}}'"#
        );
    }

    #[test]
    fn without_a_token_there_is_none() {
        assert_eq!(
            write(&fixture::delete()),
            r#"curl -X DELETE 'http://127.0.0.1:8080/v1/records/posts/7' \
  -H 'if-match: "2f1"'"#
        );
    }

    #[test]
    fn a_file_is_sent_as_it_is() {
        assert_eq!(
            write(&fixture::import()),
            r#"curl 'http://127.0.0.1:8080/v1/records/posts/import?dry_run=true' \
  -H "authorization: Bearer $TOKEN" \
  -H 'content-type: text/csv' \
  --data-binary @rows.csv"#
        );
    }
}
