//! A request for a browser, or for anything else that has `fetch`.

use super::{json, pretty, quoted};
use crate::pages::collection::api::request::{Answer, Body, Request};

/// The request as TypeScript.
pub(super) fn write(request: &Request) -> String {
    let mut code = String::new();
    let url = if request.query.is_empty() {
        quoted(&request.address())
    } else {
        code.push_str(&format!("const url = new URL({});\n", quoted(&request.address())));
        for (name, value) in &request.query {
            code.push_str(&format!("url.searchParams.set({}, {});\n", quoted(name), quoted(value)));
        }
        code.push('\n');
        "url".to_owned()
    };

    let mut options = Vec::new();
    if request.method != "GET" {
        options.push(format!("method: {},", quoted(&request.method)));
    }
    let headers = headers(request);
    if !headers.is_empty() {
        options.push(format!("headers: {{\n    {},\n  }},", headers.join(",\n    ")));
    }
    match &request.body {
        None => {}
        Some(Body::Json(text)) => options.push(match json(text) {
            Some(value) => format!("body: JSON.stringify({}),", pretty(&value, 2)),
            None => format!("body: {},", quoted(text)),
        }),
        Some(Body::Text { text, .. }) => options.push(format!("body: {},", quoted(text))),
        Some(Body::File { .. }) => options.push("body: file,".to_owned()),
    }
    if options.is_empty() {
        code.push_str(&format!("const response = await fetch({url});\n"));
    } else {
        code.push_str(&format!("const response = await fetch({url}, {{\n  {}\n}});\n", options.join("\n  ")));
    }
    code.push_str("if (!response.ok) throw new Error((await response.json()).detail);");
    match request.answer {
        Answer::Json => code.push_str("\nconst result = await response.json();"),
        Answer::Text => code.push_str("\nconst result = await response.text();"),
        Answer::Nothing => {}
    }
    code
}

fn headers(request: &Request) -> Vec<String> {
    let mut headers = Vec::new();
    if request.has_token {
        headers.push("authorization: `Bearer ${token}`".to_owned());
    }
    let media_type = match &request.body {
        None => None,
        Some(Body::Json(_)) => Some("application/json"),
        Some(Body::Text { media_type, .. } | Body::File { media_type, .. }) => Some(media_type.as_str()),
    };
    headers.extend(media_type.map(|media_type| format!("\"content-type\": {}", quoted(media_type))));
    let further = request.headers.iter();
    headers
        .extend(further.map(|(name, value)| format!("{}: {}", quoted(&name.to_lowercase()), quoted(value))));
    headers
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::write;

    #[test]
    fn a_list() {
        assert_eq!(
            write(&fixture::list()),
            r#"const url = new URL("http://127.0.0.1:8080/v1/records/posts");
url.searchParams.set("filter", "title = \"it's\"");
url.searchParams.set("limit", "2");

const response = await fetch(url, {
  headers: {
    authorization: `Bearer ${token}`,
  },
});
if (!response.ok) throw new Error((await response.json()).detail);
const result = await response.json();"#
        );
    }

    #[test]
    fn a_create() {
        assert_eq!(
            write(&fixture::create()),
            r#"const response = await fetch("http://127.0.0.1:8080/v1/records/posts", {
  method: "POST",
  headers: {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  },
  body: JSON.stringify({
    "title": "it's",
    "tags": [
      "a"
    ],
    "draft": true,
    "score": null,
    "meta": {}
  }),
});
if (!response.ok) throw new Error((await response.json()).detail);
const result = await response.json();"#
        );
    }

    #[test]
    fn a_delete_has_no_answer_to_read() {
        assert_eq!(
            write(&fixture::delete()),
            r#"const response = await fetch("http://127.0.0.1:8080/v1/records/posts/7", {
  method: "DELETE",
  headers: {
    "if-match": "\"2f1\"",
  },
});
if (!response.ok) throw new Error((await response.json()).detail);"#
        );
    }

    #[test]
    fn files_and_what_is_no_json() {
        assert!(write(&fixture::import()).contains("\n  body: file,\n"));
        let broken = write(&fixture::broken());
        assert!(broken.contains(r#"body: "{\"format\": \"it's\"","#), "{broken}");
        assert!(broken.ends_with("await response.text();"));
    }
}
