//! A request for Python, with httpx.

use serde_json::Value;

use super::{json, quoted};
use crate::pages::collection::api::request::{Answer, Body, Request};

/// A value as a Python literal.
fn literal(value: &Value, indent: usize) -> String {
    let lines = |open: char, items: Vec<String>, close: char| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
        let items: String = items.iter().map(|item| format!("{inner}{item},\n")).collect();
        format!("{open}\n{items}{outer}{close}")
    };
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => lines('[', items.iter().map(|item| literal(item, indent + 4)).collect(), ']'),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), literal(value, indent + 4)));
            lines('{', members.collect(), '}')
        }
    }
}

fn dictionary(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// The request as Python.
pub(super) fn write(request: &Request) -> String {
    let mut arguments = vec![quoted(&request.address())];
    if !request.query.is_empty() {
        let pairs: Vec<_> = request.query.iter().map(|(name, value)| (name.clone(), quoted(value))).collect();
        arguments.push(format!("params={}", dictionary(&pairs)));
    }
    let mut headers = Vec::new();
    if request.has_token {
        headers.push(("authorization".to_owned(), "f\"Bearer {token}\"".to_owned()));
    }
    let content = match &request.body {
        None => None,
        Some(Body::Json(text)) => match json(text) {
            Some(value) => Some(format!("json={}", literal(&value, 4))),
            None => {
                headers.push(("content-type".to_owned(), quoted("application/json")));
                Some(format!("content={}", quoted(text)))
            }
        },
        Some(Body::Text { media_type, text }) => {
            headers.push(("content-type".to_owned(), quoted(media_type)));
            Some(format!("content={}", quoted(text)))
        }
        Some(Body::File { media_type, name }) => {
            headers.push(("content-type".to_owned(), quoted(media_type)));
            Some(format!("content=open({}, \"rb\")", quoted(name)))
        }
    };
    headers.extend(request.headers.iter().map(|(name, value)| (name.to_lowercase(), quoted(value))));
    if !headers.is_empty() {
        arguments.push(format!("headers={}", dictionary(&headers)));
    }
    arguments.extend(content);

    let arguments: String = arguments.iter().map(|argument| format!("    {argument},\n")).collect();
    let method = request.method.to_lowercase();
    let mut code =
        format!("import httpx\n\nresponse = httpx.{method}(\n{arguments})\nresponse.raise_for_status()");
    match request.answer {
        Answer::Json => code.push_str("\nresult = response.json()"),
        Answer::Text => code.push_str("\nresult = response.text"),
        Answer::Nothing => {}
    }
    code
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::write;

    #[test]
    fn a_list() {
        assert_eq!(
            write(&fixture::list()),
            r#"import httpx

response = httpx.get(
    "http://127.0.0.1:8080/v1/records/posts",
    params={"filter": "title = \"it's\"", "limit": "2"},
    headers={"authorization": f"Bearer {token}"},
)
response.raise_for_status()
result = response.json()"#
        );
    }

    #[test]
    fn values_are_those_of_python() {
        assert_eq!(
            write(&fixture::create()),
            r#"import httpx

response = httpx.post(
    "http://127.0.0.1:8080/v1/records/posts",
    headers={"authorization": f"Bearer {token}"},
    json={
        "title": "it's",
        "tags": [
            "a",
        ],
        "draft": True,
        "score": None,
        "meta": {},
    },
)
response.raise_for_status()
result = response.json()"#
        );
    }

    #[test]
    fn headers_files_and_what_is_no_json() {
        let delete = write(&fixture::delete());
        assert!(
            delete.contains(r#"headers={"if-match": "\"2f1\""},"#) && delete.ends_with("raise_for_status()"),
            "{delete}"
        );
        let import = write(&fixture::import());
        assert!(
            import.contains(r#"content=open("rows.csv", "rb"),"#)
                && import.contains(r#""content-type": "text/csv""#),
            "{import}"
        );
        let broken = write(&fixture::broken());
        assert!(
            broken.contains(r#"content="{\"format\": \"it's\"","#) && broken.ends_with("response.text"),
            "{broken}"
        );
    }
}
