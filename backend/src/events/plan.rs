//! Who is told of a change: the webhooks and triggers of its collection, where their conditions hold.

use std::collections::HashMap;
use std::sync::Arc;

use annex_openapi::events::EventType;

use super::input::compile;
use super::payload::Told;
use super::store::Deliveries;
use super::{Subscriber, SubscriberName};
use crate::collections::catalogue::{Snapshot, Table};
use crate::evaluator::{Context, Image, Program};
use crate::extract::Caller;
use crate::realtime::Position;
use crate::realtime::feed::{Committed, RowChange};

/// What is to be written of a stretch of the log.
#[derive(Debug, Default)]
pub struct Output {
    /// What webhooks are told.
    pub deliveries: Deliveries,
    /// The triggers that fire, each with its event.
    pub triggers: (Vec<String>, Vec<String>),
    /// About how many bytes it has.
    pub size: usize,
    /// Who cannot be told any more, and why.
    pub broken: Vec<(SubscriberName, String)>,
}

impl Output {
    /// Nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.deliveries.webhooks.is_empty() && self.triggers.0.is_empty() && self.broken.is_empty()
    }
}

/// Who is told of the rows of each collection, as of one moment.
#[derive(Debug, Default)]
pub struct Plan {
    snapshot: Arc<Snapshot>,
    /// By the collection's name.
    watchers: HashMap<String, (Arc<Table>, Vec<Watcher>)>,
}

/// A webhook or a trigger, ready to look at rows.
#[derive(Debug)]
struct Watcher {
    subscriber: Subscriber,
    condition: Option<Program>,
    columns: Vec<usize>,
}

impl Plan {
    /// Takes in a change of a row; the collections are those of that snapshot.
    pub fn take(
        &mut self,
        snapshot: &Arc<Snapshot>,
        committed: &Committed,
        row: &RowChange,
        output: &mut Output,
    ) {
        if !Arc::ptr_eq(&self.snapshot, snapshot) {
            *self = Self { snapshot: Arc::clone(snapshot), watchers: HashMap::new() };
        }
        let name = &row.table.collection.name;
        if self.watchers.get(name).is_none_or(|(table, _)| !Arc::ptr_eq(table, &row.table)) {
            let watchers = watchers(snapshot, &row.table, output);
            self.watchers.insert(name.clone(), (Arc::clone(&row.table), watchers));
        }
        let Some((table, watchers)) = self.watchers.get(name) else { return };
        for told in told(table, committed, row).into_iter().flatten() {
            watchers.iter().for_each(|watcher| watcher.look(&told, output));
        }
    }
}

fn watchers(snapshot: &Snapshot, table: &Arc<Table>, output: &mut Output) -> Vec<Watcher> {
    let mut watchers = Vec::new();
    for subscriber in &snapshot.subscribers {
        if subscriber.collection != table.collection.name {
            continue;
        }
        let condition = match compile(snapshot, table, subscriber.condition.as_deref()) {
            Ok(condition) => condition,
            Err(problem) => {
                output.broken.push((subscriber.name.clone(), problem.detail));
                continue;
            }
        };
        let fields = &table.collection.fields;
        let columns = match &subscriber.fields {
            // Those that are gone are told no more.
            Some(names) => names.iter().filter_map(|name| table.column(name)).collect(),
            None => (0..fields.len()).filter(|index| !fields[*index].hidden).collect(),
        };
        watchers.push(Watcher { subscriber: subscriber.clone(), condition, columns });
    }
    watchers
}

/// What a change is: a row whose key changes goes, and comes by another name.
fn told<'a>(table: &'a Table, committed: &Committed, row: &'a RowChange) -> [Option<Told<'a>>; 2] {
    let told = |event, row, previous| {
        Some(Told { event, table, row, previous, position: committed.position, at: committed.at })
    };
    let same_key =
        |old: &Image, new: &Image| table.key.iter().all(|column| old.get(*column) == new.get(*column));
    match (&row.old, &row.new) {
        (None, Some(new)) => [told(EventType::RecordCreated, new, None), None],
        (Some(old), None) => [told(EventType::RecordDeleted, old, None), None],
        (Some(old), Some(new)) if same_key(old, new) => {
            [told(EventType::RecordUpdated, new, Some(old)), None]
        }
        (Some(old), Some(new)) => {
            [told(EventType::RecordDeleted, old, None), told(EventType::RecordCreated, new, None)]
        }
        (None, None) => [None, None],
    }
}

impl Watcher {
    fn look(&self, told: &Told<'_>, output: &mut Output) {
        let Subscriber { name, events, told_from, .. } = &self.subscriber;
        let Position { commit, .. } = told.position;
        if commit < *told_from || !events.contains(&told.event) {
            return;
        }
        let context = Context::new(&Caller::ANONYMOUS, told.at);
        if self
            .condition
            .as_ref()
            .is_some_and(|condition| condition.holds(&context, told.row, None) != Some(true))
        {
            return;
        }
        let body = told.write(&self.columns);
        output.size += body.len();
        match name {
            SubscriberName::Webhook(id) => {
                let Deliveries { webhooks, types, subjects, bodies } = &mut output.deliveries;
                webhooks.push(*id);
                types.push(told.event.as_str().to_owned());
                subjects.push(told.subject());
                bodies.push(body);
            }
            SubscriberName::Trigger(name) => {
                let (names, events) = &mut output.triggers;
                names.push(name.clone());
                // A record may have JSON that no arguments of a job can have.
                events.push(if can_be_arguments(&body) { body } else { told.write_without_record() });
            }
        }
    }
}

/// Whether every program could read a job's arguments that have that JSON in them (`annex.is_readable`).
fn can_be_arguments(json: &str) -> bool {
    const DEEPEST: usize = 60;
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    // Numbers that no double holds are refused as they are read.
    deepest <= DEEPEST && !json.contains("\\u0000") && serde_json::from_str::<serde_json::Value>(json).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_job_can_have_is_found() {
        assert!(can_be_arguments(r#"{"a":"]]\"[[","b":[1,{"c":1.5e300}]}"#));
        assert!(!can_be_arguments(r#"{"a":"\u0000"}"#));
        assert!(!can_be_arguments(r#"{"a":1e999}"#));
        let deep = format!("{}{}", "[".repeat(61), "]".repeat(61));
        assert!(!can_be_arguments(&deep));
        assert!(can_be_arguments(&deep[1..121]));
    }
}
