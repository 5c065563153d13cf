//! The operations as they were sent. Values stay the text that they are, so that no digit of a number is lost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use annex_openapi::records::BatchMethod;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer;
use crate::extract::{Object, parse_checked};
use crate::problem::{FieldError, Problem, Result};
use crate::records::body;
use crate::records::etag::Demand;

/// The most operations of a batch.
pub const MAX_OPERATIONS: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow)]
    operations: Vec<Object<SentOperation<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentOperation<'a> {
    method: BatchMethod,
    #[serde(borrow)]
    collection: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    if_match: Option<Cow<'a, str>>,
}

/// One operation.
#[derive(Debug)]
pub struct Input<'a> {
    /// What to do.
    pub method: BatchMethod,
    /// With the records of which collection.
    pub collection: Cow<'a, str>,
    /// With which record; not for a create.
    pub id: Option<Given<'a>>,
    /// The fields to write; empty for a delete.
    pub members: BTreeMap<Cow<'a, str>, Given<'a>>,
    /// What the record must still be.
    pub demand: Demand,
}

/// A value of an operation.
#[derive(Debug)]
pub enum Given<'a> {
    /// That.
    Json(&'a RawValue),
    /// `{"$result": "<index>.<field>"}`
    Result(Reference),
}

/// A field of the record that an earlier operation has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The index of the operation.
    pub index: usize,
    /// The field's name.
    pub field: String,
}

/// The operations of a body whose shape was checked.
///
/// # Errors
/// `validation_failed` with every place that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Input<'_>>> {
    let Object(sent): Object<Sent<'_>> = parse_checked(bytes)?;
    let count = sent.operations.len();
    if !(1..=MAX_OPERATIONS).contains(&count) {
        let detail = format!("A batch has 1 to {MAX_OPERATIONS} operations, not {count}");
        return Err(Problem::validation(vec![FieldError::new("/operations", "out_of_range", detail)]));
    }
    let mut errors = Vec::new();
    let mut inputs = Vec::with_capacity(count);
    for (index, Object(sent)) in sent.operations.into_iter().enumerate() {
        let checked = check(index, sent, &mut errors);
        inputs.push(checked?);
    }
    if errors.is_empty() { Ok(inputs) } else { Err(Problem::validation(errors)) }
}

fn check<'a>(index: usize, sent: SentOperation<'a>, errors: &mut Vec<FieldError>) -> Result<Input<'a>> {
    let at = |member: &str| format!("/operations/{index}/{member}");
    let creates = sent.method == BatchMethod::Create;
    match (&sent.id, creates) {
        (Some(_), true) => {
            errors.push(FieldError::new(
                at("id"),
                "not_allowed",
                "`create` takes no `id`; give it in `body`",
            ));
        }
        (None, false) => errors.push(FieldError::new(at("id"), "required", "`id` is required")),
        _ => {}
    }
    match (&sent.body, sent.method) {
        (Some(_), BatchMethod::Delete) => {
            errors.push(FieldError::new(at("body"), "not_allowed", "`delete` takes no `body`"));
        }
        (None, BatchMethod::Create | BatchMethod::Update | BatchMethod::Replace) => {
            errors.push(FieldError::new(at("body"), "required", "`body` is required"));
        }
        _ => {}
    }
    if sent.if_match.is_some() && creates {
        errors.push(FieldError::new(at("if_match"), "not_allowed", "`create` takes no `if_match`"));
    }
    let mut given = |raw: &'a RawValue, pointer: &dyn Fn() -> String| match reference(raw, index) {
        Ok(None) => Given::Json(raw),
        Ok(Some(reference)) => Given::Result(reference),
        Err(detail) => {
            errors.push(FieldError::new(pointer(), "invalid_reference", detail));
            Given::Json(raw)
        }
    };
    let id = sent.id.map(|raw| given(raw, &|| at("id")));
    let mut members = BTreeMap::new();
    match sent.body.map(|raw| body::members(raw.get().as_bytes())) {
        None => {}
        Some(Ok(sent)) => {
            for (name, raw) in sent {
                let pointer = || at(&format!("body/{}", name.replace('~', "~0").replace('/', "~1")));
                let value = given(raw, &pointer);
                members.insert(name, value);
            }
        }
        Some(Err(_)) => errors.push(FieldError::new(at("body"), "invalid", "`body` must be a JSON object")),
    }
    let demand = sent.if_match.as_deref().map_or(Ok(Demand::None), Demand::parse);
    let demand = demand
        .map_err(|problem| answer::locate(index, sent.method, &sent.collection, "/if_match", problem))?;
    Ok(Input { method: sent.method, collection: sent.collection, id, members, demand })
}

/// What a value refers to, where it is `{"$result": …}` in the operation of that index.
fn reference(raw: &RawValue, own: usize) -> Result<Option<Reference>, String> {
    if !raw.get().starts_with('{') || !raw.get().contains("$result") {
        return Ok(None);
    }
    let members = body::members(raw.get().as_bytes()).map_err(|problem| problem.detail)?;
    let (1, Some(target)) = (members.len(), members.get("$result")) else { return Ok(None) };
    let form = || "`$result` must be \"<index>.<field>\", such as \"0.id\"".to_owned();
    let target: String = serde_json::from_str(target.get()).map_err(|_| form())?;
    let (index, field) = target.split_once('.').ok_or_else(form)?;
    let index = index.parse().map_err(|_| form())?;
    if index >= own {
        return Err(format!("`$result` must name an earlier operation than {own}"));
    }
    Ok(Some(Reference { index, field: field.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(json: &str) -> Vec<(String, String)> {
        let problem = parse(json.as_bytes()).unwrap_err();
        problem.errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn every_wrong_place_is_told() {
        let json = r#"{"operations": [
            {"method": "create", "collection": "a", "id": 1, "if_match": "*", "body": {"x": {"$result": "0.id"}}},
            {"method": "update", "collection": "a", "body": []},
            {"method": "delete", "collection": "a", "id": {"$result": "first"}, "body": {}}
        ]}"#;
        let expected = [
            ("/operations/0/id", "not_allowed"),
            ("/operations/0/if_match", "not_allowed"),
            ("/operations/0/body/x", "invalid_reference"),
            ("/operations/1/id", "required"),
            ("/operations/1/body", "invalid"),
            ("/operations/2/body", "not_allowed"),
            ("/operations/2/id", "invalid_reference"),
        ];
        assert_eq!(errors(json), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[test]
    fn only_an_object_with_that_one_member_is_a_reference() {
        let json = r#"{"operations": [
            {"method": "create", "collection": "a", "body": {}},
            {"method": "create", "collection": "b", "body":
                {"a": {"$result": "0.id"}, "b": {"$result": "0.id", "more": 1}, "c": "$result", "d": 1.10}}
        ]}"#;
        let inputs = parse(json.as_bytes()).unwrap();
        let members = &inputs[1].members;
        let reference = Reference { index: 0, field: "id".to_owned() };
        assert!(matches!(&members["a"], Given::Result(found) if *found == reference));
        assert!(matches!(&members["b"], Given::Json(_)));
        assert!(matches!(&members["c"], Given::Json(_)));
        assert!(matches!(&members["d"], Given::Json(raw) if raw.get() == "1.10"));
    }
}
