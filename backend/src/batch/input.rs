//! The operations as they were sent. Values stay the text that they are, so that no digit of a number is lost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use annex_openapi::jobs::JobCreate;
use annex_openapi::records::BatchMethod;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer;
use crate::extract::{Object, check_numbers, parse_checked};
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
    #[serde(borrow, default)]
    collection: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    if_match: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    job: Option<&'a RawValue>,
    #[serde(borrow, default)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// One operation.
#[derive(Debug)]
pub enum Input<'a> {
    /// A record is written.
    Write(Write<'a>),
    /// A job is enqueued.
    Enqueue(Enqueue<'a>),
    /// Something is said on a topic.
    Broadcast(Broadcast<'a>),
}

/// Something to say.
#[derive(Debug)]
pub struct Broadcast<'a> {
    /// On which topic.
    pub topic: Cow<'a, str>,
    /// What.
    pub payload: Payload<'a>,
}

/// What is said.
#[derive(Debug)]
pub enum Payload<'a> {
    /// An object.
    Object(BTreeMap<Cow<'a, str>, Given<'a>>),
    /// Anything else.
    Json(&'a RawValue),
}

/// A job to enqueue.
#[derive(Debug)]
pub struct Enqueue<'a> {
    /// Without its `args`.
    pub job: Box<JobCreate>,
    /// Its `args`.
    pub args: BTreeMap<Cow<'a, str>, Given<'a>>,
}

/// The write of a record.
#[derive(Debug)]
pub struct Write<'a> {
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

impl Input<'_> {
    /// What it does to what, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Write(write) => {
                let method = match write.method {
                    BatchMethod::Create => "create",
                    BatchMethod::Update => "update",
                    BatchMethod::Replace => "replace",
                    BatchMethod::Delete => "delete",
                    BatchMethod::Enqueue => "enqueue",
                    BatchMethod::Broadcast => "broadcast",
                };
                format!("{method} in `{}`", write.collection)
            }
            Self::Enqueue(enqueue) => format!("enqueue `{}`", enqueue.job.kind),
            Self::Broadcast(broadcast) => format!("broadcast on `{}`", broadcast.topic),
        }
    }
}

/// The operations of a batch whose shape was checked.
///
/// # Errors
/// `validation_failed` with every place that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Input<'_>>> {
    let Object(sent): Object<Sent<'_>> = parse_checked(bytes)?;
    check_all(sent.operations)
}

/// How a job ended, and what is written with that.
#[derive(Debug)]
pub struct Ended<'a> {
    /// Names the lease.
    pub lease_token: Cow<'a, str>,
    /// What came of the job.
    pub result: Option<&'a RawValue>,
    /// What is written; may be empty.
    pub operations: Vec<Input<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentEnd<'a> {
    #[serde(borrow)]
    lease_token: Cow<'a, str>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    operations: Option<Vec<Object<SentOperation<'a>>>>,
}

/// The end of a job, of a body whose shape was checked.
///
/// # Errors
/// `validation_failed` with every place that is wrong.
pub fn parse_end(bytes: &[u8]) -> Result<Ended<'_>> {
    let Object(sent): Object<SentEnd<'_>> = parse_checked(bytes)?;
    let operations = match sent.operations {
        Some(operations) if !operations.is_empty() => check_all(operations)?,
        _ => Vec::new(),
    };
    Ok(Ended { lease_token: sent.lease_token, result: sent.result, operations })
}

fn check_all(operations: Vec<Object<SentOperation<'_>>>) -> Result<Vec<Input<'_>>> {
    let count = operations.len();
    if !(1..=MAX_OPERATIONS).contains(&count) {
        let detail = format!("A batch has 1 to {MAX_OPERATIONS} operations, not {count}");
        return Err(Problem::validation(vec![FieldError::new("/operations", "out_of_range", detail)]));
    }
    let mut errors = Vec::new();
    let mut inputs = Vec::with_capacity(count);
    for (index, Object(sent)) in operations.into_iter().enumerate() {
        inputs.push(match sent.method {
            BatchMethod::Enqueue => Input::Enqueue(check_enqueue(index, sent, &mut errors)),
            BatchMethod::Broadcast => Input::Broadcast(check_broadcast(index, sent, &mut errors)),
            _ => Input::Write(check_write(index, sent, &mut errors)?),
        });
    }
    if errors.is_empty() { Ok(inputs) } else { Err(Problem::validation(errors)) }
}

fn check_enqueue<'a>(index: usize, sent: SentOperation<'a>, errors: &mut Vec<FieldError>) -> Enqueue<'a> {
    let at = |member: &str| format!("/operations/{index}/{member}");
    refuse_others(index, &sent, "enqueue", &["job"], errors);
    let mut enqueue = Enqueue { job: Box::default(), args: BTreeMap::new() };
    let Some(raw) = sent.job else {
        errors.push(FieldError::new(at("job"), "required", "`job` is required"));
        return enqueue;
    };
    let bytes = raw.get().as_bytes();
    match check_numbers("", bytes).and_then(|()| parse_checked::<Object<JobCreate>>(bytes)) {
        Ok(Object(job)) => enqueue.job = Box::new(job),
        Err(problem) => {
            errors.extend(below(&at("job"), problem));
            return enqueue;
        }
    }
    enqueue.job.args = None;
    let mut members = body::members(raw.get().as_bytes()).unwrap_or_default();
    let args = members.remove("args").and_then(|args| body::members(args.get().as_bytes()).ok());
    enqueue.args = given_members(index, &at("job/args"), args.unwrap_or_default(), errors);
    enqueue
}

fn check_broadcast<'a>(index: usize, sent: SentOperation<'a>, errors: &mut Vec<FieldError>) -> Broadcast<'a> {
    refuse_others(index, &sent, "broadcast", &["topic", "payload"], errors);
    let at = |member: &str| format!("/operations/{index}/{member}");
    for (member, is_given) in [("topic", sent.topic.is_some()), ("payload", sent.payload.is_some())] {
        if !is_given {
            errors.push(FieldError::new(at(member), "required", format!("`{member}` is required")));
        }
    }
    let raw = sent.payload.unwrap_or(RawValue::NULL);
    if let Err(problem) = check_numbers(&at("payload"), raw.get().as_bytes()) {
        errors.extend(problem.errors);
    }
    let payload = match body::members(raw.get().as_bytes()) {
        Ok(members) => Payload::Object(given_members(index, &at("payload"), members, errors)),
        Err(_) => Payload::Json(raw),
    };
    Broadcast { topic: sent.topic.unwrap_or_default(), payload }
}

/// Refuses the members that an operation of that method does not take.
fn refuse_others(
    index: usize,
    sent: &SentOperation<'_>,
    method: &str,
    takes: &[&str],
    errors: &mut Vec<FieldError>,
) {
    let given = [
        ("collection", sent.collection.is_some()),
        ("id", sent.id.is_some()),
        ("body", sent.body.is_some()),
        ("if_match", sent.if_match.is_some()),
        ("job", sent.job.is_some()),
        ("topic", sent.topic.is_some()),
        ("payload", sent.payload.is_some()),
    ];
    for (member, _) in given.iter().filter(|(member, given)| *given && !takes.contains(member)) {
        let pointer = format!("/operations/{index}/{member}");
        errors.push(FieldError::new(pointer, "not_allowed", format!("`{method}` takes no `{member}`")));
    }
}

/// What is wrong with a part of the body, told as where that part stands.
fn below(at: &str, problem: Problem) -> Vec<FieldError> {
    if problem.errors.is_empty() {
        return vec![FieldError::new(at, "invalid", problem.detail)];
    }
    let errors = problem.errors.into_iter();
    errors.map(|error| FieldError { pointer: format!("{at}{}", error.pointer), ..error }).collect()
}

/// The members of an object, each a value or a reference; `at` is where the object stands.
fn given_members<'a>(
    index: usize,
    at: &str,
    members: body::Members<'a>,
    errors: &mut Vec<FieldError>,
) -> BTreeMap<Cow<'a, str>, Given<'a>> {
    let members = members.into_iter().map(|(name, raw)| {
        let pointer = || format!("{at}{}", body::pointer(&name));
        let value = given(index, raw, pointer, errors);
        (name, value)
    });
    members.collect()
}

fn given<'a>(
    index: usize,
    raw: &'a RawValue,
    pointer: impl FnOnce() -> String,
    errors: &mut Vec<FieldError>,
) -> Given<'a> {
    match reference(raw, index) {
        Ok(None) => Given::Json(raw),
        Ok(Some(reference)) => Given::Result(reference),
        Err(detail) => {
            errors.push(FieldError::new(pointer(), "invalid_reference", detail));
            Given::Json(raw)
        }
    }
}

fn check_write<'a>(index: usize, sent: SentOperation<'a>, errors: &mut Vec<FieldError>) -> Result<Write<'a>> {
    let at = |member: &str| format!("/operations/{index}/{member}");
    let creates = sent.method == BatchMethod::Create;
    if sent.job.is_some() {
        errors.push(FieldError::new(at("job"), "not_allowed", "only `enqueue` takes a `job`"));
    }
    for (member, given) in [("topic", sent.topic.is_some()), ("payload", sent.payload.is_some())] {
        if given {
            let detail = format!("only `broadcast` takes a `{member}`");
            errors.push(FieldError::new(at(member), "not_allowed", detail));
        }
    }
    if sent.collection.is_none() {
        errors.push(FieldError::new(at("collection"), "required", "`collection` is required"));
    }
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
    let id = sent.id.map(|raw| given(index, raw, || at("id"), errors));
    let mut members = BTreeMap::new();
    match sent.body.map(|raw| body::members(raw.get().as_bytes())) {
        None => {}
        Some(Ok(sent)) => members = given_members(index, &at("body"), sent, errors),
        Some(Err(_)) => errors.push(FieldError::new(at("body"), "invalid", "`body` must be a JSON object")),
    }
    let demand = sent.if_match.as_deref().map_or(Ok(Demand::None), Demand::parse);
    let collection = sent.collection.unwrap_or_default();
    let write = Write { method: sent.method, collection, id, members, demand: Demand::None };
    match demand {
        Ok(demand) => Ok(Write { demand, ..write }),
        Err(problem) => Err(answer::locate(index, &Input::Write(write), "/if_match", problem)),
    }
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
        let Input::Write(Write { members, .. }) = &inputs[1] else { panic!("{inputs:?}") };
        let reference = Reference { index: 0, field: "id".to_owned() };
        assert!(matches!(&members["a"], Given::Result(found) if *found == reference));
        assert!(matches!(&members["b"], Given::Json(_)));
        assert!(matches!(&members["c"], Given::Json(_)));
        assert!(matches!(&members["d"], Given::Json(raw) if raw.get() == "1.10"));
    }
}
