//! A request as it would be sent, from an operation and what was filled in.

use form_urlencoded::Serializer;

use super::document::{Operation, Place};
use crate::url;

/// What is sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// JSON, as text.
    Json(String),
    /// Other text.
    Text {
        /// Its media type.
        media_type: String,
        /// The text.
        text: String,
    },
    /// A file, which is named where the request is shown.
    File {
        /// Its media type.
        media_type: String,
        /// Its name.
        name: String,
    },
}

/// What an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// JSON.
    Json,
    /// Other text.
    Text,
    /// Nothing.
    Nothing,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Where the API is.
    pub origin: String,
    /// The path, encoded.
    pub path: String,
    /// The query's names and values.
    pub query: Vec<(String, String)>,
    /// Headers beside those of the token and the body.
    pub headers: Vec<(String, String)>,
    /// What is sent along.
    pub body: Option<Body>,
    /// Whether a token is sent.
    pub has_token: bool,
    /// What is answered.
    pub answer: Answer,
}

impl Request {
    /// The URL without its query.
    pub fn address(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The whole URL.
    pub fn url(&self) -> String {
        if self.query.is_empty() {
            return self.address();
        }
        let query = Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.address())
    }
}

/// The key of a row in a path: what is between its commas is encoded.
fn key(value: &str) -> String {
    value.split(',').map(url::segment).collect::<Vec<_>>().join(",")
}

impl Operation {
    /// The request with those values, one for each parameter; empty ones are left out, and those of the path that are
    /// missing keep their braces.
    pub fn request(&self, origin: &str, values: &[String], body: Option<Body>, has_token: bool) -> Request {
        let mut path = self.path.clone();
        let (mut query, mut headers) = (Vec::new(), Vec::new());
        let filled = self.parameters.iter().zip(values).filter(|(_, value)| !value.is_empty());
        for (parameter, value) in filled {
            let pair = (parameter.name.clone(), value.clone());
            match parameter.place {
                Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), &key(value)),
                Place::Query => query.push(pair),
                Place::Header => headers.push(pair),
            }
        }
        let answer = match self.answer() {
            None => Answer::Nothing,
            Some(content)
                if content.media_type.ends_with("json") && !content.media_type.contains("ndjson") =>
            {
                Answer::Json
            }
            Some(_) => Answer::Text,
        };
        Request {
            method: self.method.clone(),
            origin: origin.to_owned(),
            path,
            query,
            headers,
            body,
            has_token,
            answer,
        }
    }

    /// The parameters that must be given and are not, by their places.
    pub fn missing(&self, values: &[String]) -> Vec<usize> {
        let empty = |(_, (parameter, value)): &(usize, (&super::document::Parameter, &String))| {
            parameter.required && value.trim().is_empty()
        };
        self.parameters.iter().zip(values).enumerate().filter(empty).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::operations;
    use super::*;

    fn get() -> Operation {
        let parameter = |name: &str, place: &str| json!({"name": name, "in": place, "required": place == "path", "schema": {}});
        let document = json!({"paths": {"/v1/records/posts/{id}": {"get": {
            "operationId": "posts_get",
            "parameters": [parameter("id", "path"), parameter("fields", "query"), parameter("If-None-Match", "header")],
            "responses": {"200": {"content": {"application/json": {"schema": {}}}}},
        }}}});
        operations(&document, "posts").remove(0)
    }

    fn values(all: [&str; 3]) -> Vec<String> {
        all.map(str::to_owned).to_vec()
    }

    #[test]
    fn values_go_to_their_places() {
        let request = get().request("http://api", &values(["a/b,7", "id,title", "\"2f1\""]), None, true);
        assert_eq!(request.path, "/v1/records/posts/a%2Fb,7");
        assert_eq!(request.url(), "http://api/v1/records/posts/a%2Fb,7?fields=id%2Ctitle");
        assert_eq!(request.headers, [("If-None-Match".to_owned(), "\"2f1\"".to_owned())]);
        assert_eq!(request.answer, Answer::Json);
    }

    #[test]
    fn what_is_missing_is_seen() {
        let none = values(["", "", ""]);
        assert_eq!(get().missing(&none), [0]);
        let request = get().request("http://api", &none, None, false);
        assert_eq!(request.url(), "http://api/v1/records/posts/{id}");
        assert!(get().missing(&values(["x", "", ""])).is_empty());
    }
}
