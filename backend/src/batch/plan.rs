//! Prepares the operations of a batch, as far ahead as what they refer to is known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use annex_openapi::hooks::HookMethod;
use annex_openapi::jobs::JobCreate;
use annex_openapi::records::BatchMethod;
use serde_json::Map;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::answer::locate;
use super::input::{self, Given, Input, Payload, Reference};
use super::work::{Done, Prepared, Work};
use crate::jobs::input::Entry;
use crate::jobs::store::kinds;
use crate::problem::{Code, FieldError, Problem, Result};
use crate::realtime::channels::{Action, Said, may};
use crate::records::body::{Members, pointer};
use crate::records::operation::{Operation, Target, Verb};
use crate::records::projection::readable_field;
use crate::records::request::View;
use crate::records::store::Failure;
use crate::records::{hooked, key};

/// A batch may take and give so many times as much as one body may have.
const BODIES: usize = 4;

/// A batch: what was sent, what is prepared of it, and what is done.
pub struct Plan<'a> {
    /// The request and the collections.
    pub view: View<'a>,
    /// What was sent.
    pub inputs: &'a [Input<'a>],
    /// The operations that are prepared: the first ones.
    pub prepared: Vec<Prepared<'a>>,
    /// The operations that are done: the first ones.
    pub done: Vec<Done>,
    /// How many bytes the values that are referred to and the results may still have.
    pub room: usize,
    /// Who enqueues jobs; why not, where the caller may not.
    enqueuer: Result<Uuid>,
    /// How many of the first operations were checked against what is not known when they are prepared.
    admitted: usize,
}

impl<'a> Plan<'a> {
    /// Nothing is prepared yet.
    pub fn new(view: View<'a>, inputs: &'a [Input<'a>], enqueuer: Result<Uuid>) -> Self {
        let (prepared, done) = (Vec::with_capacity(inputs.len()), Vec::with_capacity(inputs.len()));
        Self { view, inputs, prepared, done, room: most(view), enqueuer, admitted: 0 }
    }

    /// Checks what is prepared and was not checked yet against what must be asked for: the arguments of jobs against the schemas of
    /// their kinds, writes of records with the hooks.
    ///
    /// # Errors
    /// An operation is not as it must be.
    pub async fn admit(&mut self) -> Result<(), Failure> {
        let wave = &self.prepared[self.admitted..];
        let jobs = wave.iter().zip(self.admitted..).filter_map(|(prepared, index)| match &prepared.work {
            Work::Enqueue { job, .. } => Some((index, job)),
            Work::Write(_) | Work::Broadcast { .. } => None,
        });
        let app = &self.view.request.app;
        let jobs: Vec<(usize, &JobCreate)> = jobs.map(|(index, job)| (index, &**job)).collect();
        if !jobs.is_empty() && !self.view.request.caller.is_admin() {
            let kinds: Vec<&str> = jobs.iter().map(|(_, job)| job.kind.as_str()).collect();
            let closed = kinds::run_by_servers(&app.db.pool, &kinds).await.map_err(Problem::from)?;
            if let Some((index, job)) = jobs.iter().find(|(_, job)| closed.contains(&job.kind)) {
                let detail = format!(
                    "`{}` is run by servers, with their rights: this needs the role `admin`",
                    job.kind
                );
                return Err(self.failed_at(*index, "/job/kind", Problem::new(Code::Forbidden, detail)));
            }
        }
        if !jobs.is_empty()
            && let Some((index, problem)) = app.jobs.schemas.first_fault(&app.db.pool, &jobs).await?
        {
            return Err(self.failed_at(index, "/job", problem));
        }
        for index in self.admitted..self.prepared.len() {
            let Work::Broadcast { topic, .. } = &self.prepared[index].work else { continue };
            let may = may(app, None, &self.view.request.caller, Action::Send, topic).await;
            may.map_err(|problem| self.failed_at(index, "/topic", problem))?;
        }
        self.ask_hooks().await?;
        self.admitted = self.prepared.len();
        Ok(())
    }

    /// Asks the hooks about what they are to be asked about: once for all that is done to one collection in one way.
    async fn ask_hooks(&mut self) -> Result<(), Failure> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in self.admitted..self.prepared.len() {
            let Some(kind) = self.asked_as(index) else { continue };
            match groups.iter_mut().find(|group| self.asked_as(group[0]) == Some(kind)) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        for group in groups {
            self.ask_about(&group).await?;
        }
        Ok(())
    }

    /// How hooks are asked about that operation; not at all where they are not.
    fn asked_as(&self, index: usize) -> Option<(HookMethod, &'a str)> {
        let prepared = &self.prepared[index];
        prepared.unasked.as_ref()?;
        let Work::Write(operation) = &prepared.work else { return None };
        Some((operation.verb.method(), operation.table.collection.name.as_str()))
    }

    async fn ask_about(&mut self, group: &[usize]) -> Result<(), Failure> {
        let view = self.view;
        let mut changes = Vec::with_capacity(group.len());
        let mut sent = Vec::with_capacity(group.len());
        let mut due = None;
        for &index in group {
            let Prepared { work: Work::Write(operation), unasked, .. } = &mut self.prepared[index] else {
                continue;
            };
            let members = unasked.take().unwrap_or_default();
            due = Some(hooked::due(view, operation.table, operation.verb.method()));
            let change = hooked::change(view, operation, &borrowed(&members));
            changes.push(change.map_err(|problem| self.failed(index, problem))?);
            sent.push(members);
        }
        let Some(due) = due else { return Ok(()) };
        if let Err(refused) = due.ask(&view.request.app, &mut changes).await {
            return Err(self.failed(group[refused.index], refused.problem));
        }
        for ((&index, change), members) in group.iter().zip(&changes).zip(&sent) {
            let Work::Write(operation) = &self.prepared[index].work else { continue };
            let settled = hooked::settle(view, operation, &borrowed(members), change);
            if let Some(settled) = settled.map_err(|failure| self.failed(index, failure))? {
                self.prepared[index].work = Work::Write(settled);
            }
        }
        Ok(())
    }

    /// Prepares operations until one needs the result of another that is not done, or cannot be prepared. That is told once
    /// those before it are done: one of them may fail, and then it is the first.
    ///
    /// # Errors
    /// The next operation to do cannot be prepared, or the batch as a whole is too large. See [`Failure`]; a problem tells which operation's it is.
    pub fn prepare(&mut self) -> Result<(), Failure> {
        while let Some(input) = self.inputs.get(self.prepared.len()) {
            // What was taken for an operation that has to wait is taken again when its turn comes.
            let mut room = self.room;
            match self.prepare_one(input, &mut room) {
                Ok(Some(prepared)) => {
                    self.room = room;
                    self.prepared.push(prepared);
                }
                Err(failure) if self.prepared.len() == self.done.len() || is_too_large(&failure) => {
                    return Err(failure);
                }
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }

    /// Takes the bytes of a value or of a result. A few bytes that were sent can refer to a large value many times over.
    ///
    /// # Errors
    /// `payload_too_large`
    pub fn take(&self, room: &mut usize, bytes: usize) -> Result<()> {
        *room = room.checked_sub(bytes).ok_or_else(|| {
            let most = most(self.view);
            let detail = format!("What the batch refers to and what it returns is larger than {most} bytes");
            Problem::new(Code::PayloadTooLarge, detail).with_hint("Send fewer operations at a time")
        })?;
        Ok(())
    }

    /// Tells a failure as that of the operation of that index.
    pub fn failed(&self, index: usize, failure: impl Into<Failure>) -> Failure {
        self.failed_at(index, "/body", failure)
    }

    fn failed_at(&self, index: usize, member: &str, failure: impl Into<Failure>) -> Failure {
        let located = |problem| locate(index, &self.inputs[index], member, problem);
        match failure.into() {
            Failure::Problem(problem) => Failure::Problem(located(problem)),
            Failure::Overtaken(problem) => Failure::Overtaken(located(problem)),
            Failure::Stale(reason) => Failure::Stale(reason),
        }
    }

    fn prepare_one(&self, input: &'a Input<'a>, room: &mut usize) -> Result<Option<Prepared<'a>>, Failure> {
        match input {
            Input::Write(write) => self.prepare_write(write, room),
            Input::Enqueue(enqueue) => self.prepare_enqueue(enqueue, room),
            Input::Broadcast(broadcast) => self.prepare_broadcast(broadcast, room),
        }
    }

    fn prepare_broadcast(
        &self,
        input: &'a input::Broadcast<'a>,
        room: &mut usize,
    ) -> Result<Option<Prepared<'a>>, Failure> {
        let index = self.prepared.len();
        let payload = match &input.payload {
            Payload::Json(raw) => Cow::Borrowed(*raw),
            Payload::Object(members) => {
                let mut values: BTreeMap<&str, Cow<'_, RawValue>> = BTreeMap::new();
                for (name, given) in members {
                    let at = |failure| self.failed_at(index, "/payload", failure);
                    let Some(value) = self.value(given, name, room).map_err(at)? else { return Ok(None) };
                    values.insert(name, value);
                }
                Cow::Owned(to_raw_value(&values).map_err(Problem::internal)?)
            }
        };
        let sender = self.view.request.caller.identity().map(|identity| identity.user_id);
        let said = Said::new(&input.topic, sender, &payload)
            .map_err(|problem| self.failed_at(index, "", problem))?;
        Ok(Some(Prepared { work: Work::broadcast(&said), id: None, unasked: None }))
    }

    fn prepare_enqueue(
        &self,
        input: &'a input::Enqueue<'a>,
        room: &mut usize,
    ) -> Result<Option<Prepared<'a>>, Failure> {
        let index = self.prepared.len();
        let at_job = |problem: Problem| self.failed_at(index, "/job", problem);
        let enqueuer = self.enqueuer.as_ref().map_err(|why| at_job(why.clone()))?;
        let mut job = JobCreate::clone(&input.job);
        let mut args = Map::new();
        for (name, given) in &input.args {
            let at = |failure| self.failed_at(index, "/job/args", failure);
            let Some(value) = self.value(given, name, room).map_err(at)? else { return Ok(None) };
            args.insert(
                name.clone().into_owned(),
                serde_json::from_str(value.get()).map_err(Problem::internal)?,
            );
        }
        job.args = Some(args);
        let entry = Entry::new(job, *enqueuer).map_err(at_job)?;
        Ok(Some(Prepared { work: Work::enqueue(entry), id: None, unasked: None }))
    }

    fn prepare_write(
        &self,
        input: &'a input::Write<'a>,
        room: &mut usize,
    ) -> Result<Option<Prepared<'a>>, Failure> {
        let index = self.prepared.len();
        let fail = |failure: Failure| self.failed(index, failure);
        let table = self.view.collection(&input.collection).map_err(|problem| fail(problem.into()))?;

        let id = match &input.id {
            None => None,
            Some(given) => {
                match self.value(given, "", room).map_err(|failure| self.failed_at(index, "/id", failure))? {
                    Some(id) => Some(id),
                    None => return Ok(None),
                }
            }
        };
        let mut values: BTreeMap<&str, Cow<'_, RawValue>> = BTreeMap::new();
        for (name, given) in &input.members {
            match self.value(given, name, room).map_err(fail)? {
                Some(value) => drop(values.insert(name, value)),
                None => return Ok(None),
            }
        }
        let members: Members<'_> =
            values.iter().map(|(name, value)| (Cow::Borrowed(*name), value.as_ref())).collect();

        let target = match &id {
            None => None,
            Some(id) => {
                let key = key::parse_json(table, id);
                let key = key.map_err(|problem| self.failed_at(index, "/id", problem))?;
                Some(Target { key, demand: input.demand })
            }
        };
        let verb = match (input.method, target) {
            (BatchMethod::Update, Some(target)) => Verb::Update(target),
            (BatchMethod::Replace, Some(target)) => Verb::Replace(target),
            (BatchMethod::Delete, Some(target)) => Verb::Delete(target),
            _ => Verb::Create,
        };
        let operation = Operation::prepare(self.view, table, verb, &members, None).map_err(fail)?;
        let asks = operation.statement.is_some()
            && !hooked::due(self.view, table, operation.verb.method()).is_empty();
        let unasked = asks.then(|| {
            members.iter().map(|(name, raw)| (name.clone().into_owned(), (*raw).to_owned())).collect()
        });
        Ok(Some(Prepared { work: Work::Write(operation), id: id.map(Cow::into_owned), unasked }))
    }

    /// A value; none where it is a field of a result that is not there yet. `member` is where it stands in the body.
    fn value(
        &self,
        given: &Given<'a>,
        member: &str,
        room: &mut usize,
    ) -> Result<Option<Cow<'a, RawValue>>, Failure> {
        match given {
            Given::Json(raw) => Ok(Some(Cow::Borrowed(raw))),
            Given::Result(reference) => {
                let value = self.result(reference, member)?;
                self.take(room, value.as_ref().map_or(0, |value| value.get().len()))?;
                Ok(value.map(Cow::Owned))
            }
        }
    }

    fn result(&self, reference: &Reference, member: &str) -> Result<Option<Box<RawValue>>, Failure> {
        let Reference { index, field } = reference;
        let invalid = |detail: String| {
            let pointer = if member.is_empty() { String::new() } else { pointer(member) };
            Problem::validation(vec![FieldError::new(pointer, "invalid_reference", detail)])
        };
        let operation = match &self.prepared[*index].work {
            Work::Write(operation) if matches!(operation.verb, Verb::Delete(_)) => {
                return Err(invalid(format!("Operation {index} is a delete, which leaves no record")).into());
            }
            Work::Write(operation) => operation,
            Work::Enqueue { .. } if field != "id" => {
                return Err(invalid(format!(
                    "Operation {index} enqueues a job, of which only the `id` is known"
                ))
                .into());
            }
            Work::Broadcast { .. } => {
                return Err(
                    invalid(format!("Operation {index} says something, which leaves no record")).into()
                );
            }
            Work::Enqueue { .. } => {
                return match self.done.get(*index) {
                    Some(Done::Enqueued { id, .. }) => Ok(Some(json(format!("\"{id}\""))?)),
                    _ => Ok(None),
                };
            }
        };
        let table = operation.table;
        let column = readable_field(table, &self.view.request.caller, field)
            .ok_or_else(|| invalid(format!("`{}` has no field `{field}`", table.collection.name)))?;
        if let Some(made) = operation.made_key(column) {
            return Ok(Some(json(serde_json::to_string(made).map_err(Problem::internal)?)?));
        }
        let Some(done) = self.done.get(*index) else { return Ok(None) };
        let found = match (&operation.returning, done) {
            (Some(returning), Done::Written { row: Some(row), .. }) => returning.field(table, row, column)?,
            _ => None,
        };
        let found = found.ok_or_else(|| {
            invalid(format!("The record that operation {index} has written cannot be viewed"))
        })?;
        Ok(Some(json(String::from_utf8(found).map_err(Problem::internal)?)?))
    }
}

fn borrowed(members: &[(String, Box<RawValue>)]) -> Members<'_> {
    members.iter().map(|(name, raw)| (Cow::Borrowed(name.as_str()), &**raw)).collect()
}

fn is_too_large(failure: &Failure) -> bool {
    matches!(failure, Failure::Problem(problem) if problem.code == Code::PayloadTooLarge)
}

/// How many bytes the values that are referred to and the results may have in all.
fn most(view: View<'_>) -> usize {
    view.request.app.config.server.max_body.saturating_mul(BODIES)
}

fn json(text: String) -> Result<Box<RawValue>> {
    RawValue::from_string(text).map_err(Problem::internal)
}
