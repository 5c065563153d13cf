//! The served document, as far as it speaks of one collection.

use serde_json::Value;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// Behind `?`.
    Query,
    /// In a header.
    Header,
}

impl Place {
    /// Its name in the document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it must be given.
    pub required: bool,
    /// What it does.
    pub description: String,
    /// Its type.
    pub schema: Value,
    /// A value that it may have.
    pub example: Option<String>,
}

/// What an operation takes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Its media type.
    pub media_type: String,
    /// Its type.
    pub schema: Value,
}

/// What an operation may answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// `200`, or a class such as `4XX`.
    pub status: String,
    /// What it means.
    pub description: String,
    /// The names of its headers.
    pub headers: Vec<String>,
    /// Its body, where it has one.
    pub content: Option<Content>,
}

/// Something that can be done with a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// Its method, in capitals.
    pub method: String,
    /// Its path, with parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What else there is to know.
    pub description: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its body, where it takes one: the first of the media types.
    pub body: Option<Content>,
    /// What it may answer.
    pub responses: Vec<Response>,
}

impl Operation {
    /// What it does with a collection, in a word or two: its name without the collection's.
    pub fn action(&self, collection: &str) -> String {
        let own = self.id.strip_prefix(collection).and_then(|rest| rest.strip_prefix('_'));
        own.or_else(|| self.id.rsplit('_').next()).unwrap_or_default().replace('_', " ")
    }

    /// The body of an answer where all goes well.
    pub fn answer(&self) -> Option<&Content> {
        let good = self.responses.iter().find(|response| response.status.starts_with('2'))?;
        good.content.as_ref()
    }
}

/// What a value says, or what its `$ref` leads to.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    // A chain of references is short.
    for _ in 0..8 {
        let target = value["$ref"].as_str().and_then(|to| document.pointer(to.trim_start_matches('#')));
        match target {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A JSON value as it stands in a URL.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The operations of a collection, in the document's order.
pub fn operations(document: &Value, collection: &str) -> Vec<Operation> {
    let own = format!("/v1/records/{collection}");
    let is_own =
        |path: &str| path.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let paths = document["paths"].as_object().into_iter().flatten().filter(|(path, _)| is_own(path));
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "patch", "put", "delete"] {
            if let Some(operation) = item.get(method) {
                let shared = item["parameters"].as_array().into_iter().flatten();
                operations.push(read(document, path, method, operation, shared));
            }
        }
    }
    operations
}

fn read<'a>(
    document: &'a Value,
    path: &str,
    method: &str,
    operation: &'a Value,
    shared: impl Iterator<Item = &'a Value>,
) -> Operation {
    let own = operation["parameters"].as_array().into_iter().flatten();
    let responses = operation["responses"].as_object().into_iter().flatten();
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        parameters: shared
            .chain(own)
            .filter_map(|parameter| read_parameter(resolve(document, parameter)))
            .collect(),
        body: read_content(&resolve(document, &operation["requestBody"])["content"]),
        responses: responses
            .map(|(status, response)| {
                let response = resolve(document, response);
                Response {
                    status: status.clone(),
                    description: text(&response["description"]),
                    headers: response["headers"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| name.clone())
                        .collect(),
                    content: read_content(&response["content"]),
                }
            })
            .collect(),
    }
}

fn read_parameter(parameter: &Value) -> Option<Parameter> {
    let place = [Place::Path, Place::Query, Place::Header]
        .into_iter()
        .find(|place| parameter["in"].as_str() == Some(place.name()))?;
    let example = parameter.get("example").or_else(|| parameter["schema"].get("example"));
    Some(Parameter {
        name: text(&parameter["name"]),
        place,
        required: parameter["required"] == true,
        description: text(&parameter["description"]),
        schema: parameter["schema"].clone(),
        example: example.map(plain),
    })
}

fn read_content(content: &Value) -> Option<Content> {
    let (media_type, content) = content.as_object()?.iter().next()?;
    Some(Content { media_type: media_type.clone(), schema: content["schema"].clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_collection_has_its_own_operations_alone() {
        let operation = |id: &str| json!({"operationId": id, "summary": id, "responses": {"204": {"description": "Gone."}}});
        let document = json!({"paths": {
            "/v1/records/posts": {"get": operation("posts_list"), "post": operation("posts_create")},
            "/v1/records/posts/{id}": {"delete": operation("posts_delete")},
            "/v1/records/posts_archive": {"get": operation("other")},
            "/v1/batch": {"post": operation("batch")},
        }});
        let all = operations(&document, "posts");
        let ids: Vec<&str> = all.iter().map(|operation| operation.id.as_str()).collect();
        assert_eq!(ids, ["posts_list", "posts_create", "posts_delete"]);
        assert_eq!((all[2].method.as_str(), all[2].responses[0].status.as_str()), ("DELETE", "204"));
        assert_eq!(all[2].answer(), None);
        assert_eq!(all[2].action("posts"), "delete");
        let many = Operation { id: "posts_update_matching".to_owned(), ..all[2].clone() };
        assert_eq!(many.action("posts"), "update matching");
    }

    #[test]
    fn references_are_followed() {
        let document = json!({
            "paths": {"/v1/records/posts": {"get": {
                "operationId": "posts_list",
                "parameters": [{"$ref": "#/components/parameters/Limit"}, {"name": "x", "in": "cookie"}],
                "responses": {"4XX": {"$ref": "#/components/responses/Problem"}},
            }}},
            "components": {
                "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "example": 20}}},
                "responses": {"Problem": {"description": "No.", "headers": {"X-Request-Id": {}},
                    "content": {"application/problem+json": {"schema": {"type": "object"}}}}},
            },
        });
        let list = operations(&document, "posts").remove(0);
        assert_eq!(list.parameters.len(), 1);
        assert_eq!(
            (list.parameters[0].name.as_str(), list.parameters[0].example.as_deref()),
            ("limit", Some("20"))
        );
        assert_eq!(list.responses[0].headers, ["X-Request-Id"]);
        assert_eq!(
            list.responses[0].content.as_ref().map(|content| content.media_type.as_str()),
            Some("application/problem+json")
        );
    }
}
