//! A type of the document: how it reads, and a value that it may have.

use serde_json::{Map, Value, json};

use super::document::{plain, resolve};

/// How deep an example goes.
const DEPTH: usize = 4;

/// A type as it is read, one level of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it is: `string, uuid`, `list of Flight`.
    pub kind: String,
    /// What it means.
    pub description: String,
    /// What else holds: `at least 1`, `one of draft, published`.
    pub limits: Vec<String>,
    /// Its members, where it has some.
    pub members: Vec<Member>,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Whether it is always there.
    pub required: bool,
    /// Its type, as the document says it.
    pub schema: Value,
}

/// The variants of a type that may be several, without null.
fn variants(schema: &Value) -> Vec<&Value> {
    let all = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
    all.filter(|variant| {
        variant["type"] != "null" && (variant.get("type").is_some() || variant.get("$ref").is_some())
    })
    .collect()
}

/// The name of the type that a schema refers to.
fn type_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|to| to.rsplit('/').next())
}

/// The types that a schema names, without null.
fn type_words(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
    .into_iter()
    .filter(|name| *name != "null")
    .collect()
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |value: &Value| value == "null" || value["type"] == "null";
    ["type", "oneOf", "anyOf"]
        .into_iter()
        .any(|name| schema[name].as_array().is_some_and(|all| all.iter().any(is_null)))
}

/// A schema that is another one and something more, without that.
fn unwrapped(schema: &Value) -> &Value {
    match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => only,
        _ => schema,
    }
}

fn kind(document: &Value, schema: &Value) -> String {
    let schema = unwrapped(schema);
    let target = resolve(document, schema);
    let word = if let Some(name) = type_name(schema) {
        name.to_owned()
    } else if target["type"] == "array" || type_words(target) == ["array"] {
        format!("list of {}", kind(document, &target["items"]))
    } else if let [only] = variants(target)[..] {
        kind(document, only)
    } else if !type_words(target).is_empty() {
        let format = target["format"].as_str().or_else(|| target["anyOf"][0]["format"].as_str());
        let word = type_words(target).join(" or ");
        format.map_or(word.clone(), |format| format!("{word}, {format}"))
    } else {
        match variants(target)[..] {
            [] => "any JSON".to_owned(),
            ref some => some.iter().map(|variant| kind(document, variant)).collect::<Vec<_>>().join(" or "),
        }
    };
    if may_be_null(target) && !word.ends_with(" or null") { format!("{word} or null") } else { word }
}

/// Bounds that say no more than the type.
fn is_whole_range(name: &str, limit: &Value) -> bool {
    let whole = [i64::from(i32::MIN), i64::MIN, i64::from(i32::MAX), i64::MAX, 0];
    (name == "minimum" && limit.as_i64().is_some_and(|limit| limit < 0 && whole.contains(&limit)))
        || (name == "maximum" && limit.as_i64().is_some_and(|limit| limit > 0 && whole.contains(&limit)))
}

fn limits(target: &Value) -> Vec<String> {
    let words = [
        ("minimum", "at least "),
        ("maximum", "at most "),
        ("minLength", "characters: at least "),
        ("maxLength", "characters: at most "),
        ("minItems", "items: at least "),
        ("maxItems", "items: at most "),
        ("pattern", "matches "),
        ("const", "always "),
        ("default", "default "),
    ];
    let values = target["enum"]
        .as_array()
        .map(|all| format!("one of {}", all.iter().map(plain).collect::<Vec<_>>().join(", ")));
    let bounds = words.into_iter().filter_map(|(name, words)| {
        let limit = target.get(name).filter(|limit| !limit.is_null() && !is_whole_range(name, limit))?;
        Some(format!("{words}{}", plain(limit)))
    });
    values.into_iter().chain(bounds).collect()
}

/// How a type reads.
pub fn shape(document: &Value, schema: &Value) -> Shape {
    let inner = unwrapped(schema);
    let target = resolve(document, inner);
    let described = [schema, inner, target].into_iter().find_map(|schema| schema["description"].as_str());
    // What a list holds, or what may be null, is shown in its place.
    let mut holder = target;
    for _ in 0..3 {
        let next = match variants(holder)[..] {
            _ if holder["items"].is_object() => &holder["items"],
            [only] if !holder["properties"].is_object() => only,
            _ => break,
        };
        holder = resolve(document, unwrapped(next));
    }
    let required = holder["required"].as_array();
    let members = holder["properties"].as_object().into_iter().flatten().map(|(name, schema)| Member {
        name: name.clone(),
        required: required.is_some_and(|all| all.iter().any(|own| own == name)),
        schema: schema.clone(),
    });
    let mut limits = limits(target);
    if let Some(default) =
        schema.get("default").filter(|default| !default.is_null() && !std::ptr::eq(schema, target))
    {
        limits.push(format!("default {}", plain(default)));
    }
    limits.dedup();
    Shape {
        kind: kind(document, schema),
        description: described.unwrap_or_default().to_owned(),
        limits,
        members: members.collect(),
    }
}

/// What an example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What is answered: all of it.
    Answer,
    /// What is sent: what must be there, or else one member.
    Request,
}

/// A value that the type may have.
pub fn example(document: &Value, schema: &Value, purpose: Purpose) -> Value {
    example_at(document, schema, purpose, DEPTH)
}

fn example_at(document: &Value, schema: &Value, purpose: Purpose, depth: usize) -> Value {
    let inner = unwrapped(schema);
    let target = resolve(document, inner);
    let given = [schema, inner, target].into_iter().find_map(|schema| {
        schema
            .get("example")
            .or_else(|| schema.get("const"))
            .or_else(|| schema.get("default").filter(|value| !value.is_null()))
    });
    if let Some(given) = given {
        return given.clone();
    }
    if let Some(first) = target["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if target["properties"].is_object() {
        return object(document, target, purpose, depth);
    }
    match type_words(target).first().copied() {
        Some("array") => json!([example_at(document, &target["items"], purpose, depth - 1)]),
        Some("boolean") => json!(true),
        Some("integer") => target
            .get("minimum")
            .filter(|least| least.as_i64().is_some_and(|least| least > 0))
            .cloned()
            .unwrap_or(json!(1)),
        Some("number") => json!(1.5),
        Some("string") => {
            json!(match target["format"].as_str().or_else(|| target["anyOf"][0]["format"].as_str()) {
                Some("uuid") => "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f",
                Some("date-time") => "2026-01-31T12:00:00Z",
                Some("date") => "2026-01-31",
                Some("email") => "ada@example.com",
                Some("uri") => "https://example.com",
                _ if target["pattern"].as_str().is_some_and(|pattern| pattern.contains("[0-9]")) => "1",
                _ => "text",
            })
        }
        Some("object") => json!({}),
        _ => {
            variants(target).first().map_or(Value::Null, |first| example_at(document, first, purpose, depth))
        }
    }
}

fn object(document: &Value, target: &Value, purpose: Purpose, depth: usize) -> Value {
    let none = Map::new();
    let properties = target["properties"].as_object().unwrap_or(&none);
    let required = target["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|own| own == name));
    // What the server fills by itself is not what one wants to send.
    let is_own = |name: &str| matches!(name, "id" | "created_at" | "updated_at");
    let mut chosen: Vec<(&String, &Value)> = match purpose {
        // What is there only where it is asked for would hide the rest.
        Purpose::Answer => {
            properties.iter().filter(|(name, _)| *name != "expand" || is_required(name)).collect()
        }
        Purpose::Request => properties.iter().filter(|(name, _)| is_required(name)).collect(),
    };
    if chosen.is_empty() {
        chosen = properties.iter().filter(|(name, _)| !is_own(name)).take(1).collect();
    }
    let members = chosen
        .into_iter()
        .map(|(name, schema)| (name.clone(), example_at(document, schema, purpose, depth - 1)));
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Status": {"type": "string", "enum": ["draft", "published"]},
            "Author": {"type": "object", "properties": {"name": {"type": "string"}, "best": {"$ref": "#/components/schemas/Author"}}, "required": ["name"]},
            "Post": {"type": "object", "description": "A post.", "required": ["title", "author"], "properties": {
                "id": {"type": "string", "format": "uuid"},
                "title": {"type": "string", "minLength": 1, "description": "Its title."},
                "score": {"type": ["integer", "null"], "format": "int32", "minimum": -2147483648, "maximum": 2147483647},
                "status": {"allOf": [{"$ref": "#/components/schemas/Status"}], "default": "draft"},
                "at": {"type": "string", "anyOf": [{"format": "date-time"}, {"pattern": "x"}]},
                "author": {"anyOf": [{"$ref": "#/components/schemas/Author"}, {"type": "null"}], "description": "Who wrote it."},
                "tags": {"type": "array", "items": {"type": "string"}},
                "meta": {},
            }},
        }}})
    }

    fn kinds(schema: &Value) -> Vec<String> {
        let document = document();
        let members = shape(&document, schema).members;
        members
            .iter()
            .map(|member| format!("{}: {}", member.name, shape(&document, &member.schema).kind))
            .collect()
    }

    #[test]
    fn a_type_reads_in_a_few_words() {
        let post = json!({"$ref": "#/components/schemas/Post"});
        assert_eq!(
            kinds(&post),
            [
                "id: string, uuid",
                "title: string",
                "score: integer, int32 or null",
                "status: Status",
                "at: string, date-time",
                "author: Author or null",
                "tags: list of string",
                "meta: any JSON",
            ]
        );
        let page = json!({"type": "array", "items": post});
        let read = shape(&document(), &page);
        assert_eq!((read.kind.as_str(), read.members.len()), ("list of Post", 8));
        assert!(read.members[1].required && !read.members[0].required);
    }

    #[test]
    fn only_limits_that_say_something_are_told() {
        let document = document();
        let of =
            |name: &str| shape(&document, &document["components"]["schemas"]["Post"]["properties"][name]);
        assert!(of("score").limits.is_empty());
        assert_eq!(of("title").limits, ["characters: at least 1"]);
        assert_eq!(of("status").limits, ["one of draft, published", "default draft"]);
        assert_eq!(of("author").description, "Who wrote it.");
        assert_eq!(of("author").members.len(), 2);
    }

    #[test]
    fn an_example_is_what_is_needed_and_ends() {
        let document = document();
        let post = json!({"$ref": "#/components/schemas/Post"});
        let sent = example(&document, &post, Purpose::Request);
        assert_eq!(sent, json!({"title": "text", "author": {"name": "text"}}));
        let answered = example(&document, &post, Purpose::Answer);
        assert_eq!(answered["id"], "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f");
        assert_eq!(answered["status"], "draft");
        assert_eq!(answered["at"], "2026-01-31T12:00:00Z");
        assert!(answered["author"]["best"]["best"].is_object());
        let change = json!({"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "body": {"type": "string"}}});
        assert_eq!(example(&document, &change, Purpose::Request), json!({"title": "text"}));
    }
}
