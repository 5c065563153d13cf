//! Channels as they are declared, their rules compiled: each is about one row, the parameters of the topic.

use std::sync::Arc;

use annex_openapi::expression::{self, Predicate, Purpose, RuleKind, Scope, TOPIC};

use super::pattern::{NoPattern, Pattern};
use super::store::Row;
use crate::collections::catalogue::{Snapshot, Table, Trust};
use crate::evaluator::{Context, Image, Need, Program};
use crate::extract::Caller;
use crate::problem::FieldError;

/// What a rule of a channel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Being told what is said.
    Join,
    /// Saying something.
    Send,
    /// Seeing who is there, and being seen.
    Presence,
}

impl Action {
    /// All of them.
    const ALL: [Self; 3] = [Self::Join, Self::Send, Self::Presence];

    /// As it stands in `rules`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Send => "send",
            Self::Presence => "presence",
        }
    }
}

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// As it is declared.
    row: Row,
    pattern: Pattern,
    /// In the order of [`Action::ALL`].
    rules: [Rule; 3],
    /// What is wrong with its rules, each a sentence.
    pub problems: Vec<String>,
    /// The same, for whoever declares it.
    pub faults: Vec<FieldError>,
}

#[derive(Debug)]
enum Rule {
    Admins,
    Everyone,
    When(Box<(Predicate, Program)>),
    /// It denies, to admins alone not.
    Broken,
}

impl Channel {
    /// Compiles a channel against the collections that there are. A rule that does not fit them denies.
    ///
    /// # Errors
    /// Its topic is no pattern.
    pub fn new(row: &Row, snapshot: &Snapshot) -> Result<Self, NoPattern> {
        let pattern = Pattern::parse(&row.topic)?;
        let table = Table::of_texts(TOPIC, pattern.parameters());
        let (mut problems, mut faults) = (Vec::new(), Vec::new());
        let rules = Action::ALL.map(|action| {
            let text = match action {
                Action::Join => &row.rules.join,
                Action::Send => &row.rules.send,
                Action::Presence => &row.rules.presence,
            };
            compile(text.as_deref(), &table, snapshot).unwrap_or_else(|(code, reason)| {
                let name = action.as_str();
                problems.push(format!("The rule `{name}` denies, since it does not fit: {reason}"));
                faults.push(FieldError::new(format!("/rules/{name}"), code, reason));
                Rule::Broken
            })
        });
        Ok(Self { row: row.clone(), pattern, rules, problems, faults })
    }

    /// As it is declared.
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// The row that its rules are about, for a topic of its own.
    pub fn image(&self, topic: &str) -> Option<Image> {
        self.pattern.values(topic).map(|values| Image::new(values.into_iter().map(Some)))
    }

    /// Whether the rule lets that caller do so now. Everything that it [needs](Self::needs) must be at hand.
    pub fn allows(&self, action: Action, context: &Context<'_>, caller: &Caller, topic: &Image) -> bool {
        let rule = &self.rules[action as usize];
        caller.is_admin()
            || match rule {
                Rule::Everyone => true,
                Rule::Admins | Rule::Broken => false,
                Rule::When(when) => when.1.holds(context, topic, None) == Some(true),
            }
    }

    /// The conditions of its rules.
    pub fn conditions(&self) -> Vec<&Predicate> {
        self.compiled().map(|(condition, _)| condition).collect()
    }

    /// What its rules ask of other collections.
    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.compiled().flat_map(|(_, program)| program.needs())
    }

    fn compiled(&self) -> impl Iterator<Item = (&Predicate, &Program)> {
        self.rules.iter().filter_map(|rule| match rule {
            Rule::When(when) => Some((&when.0, &when.1)),
            _ => None,
        })
    }

    /// Whether nothing of it is another.
    pub fn is(&self, other: &Self) -> bool {
        let tables = |channel: &Self| -> Vec<Arc<Table>> {
            channel.needs().map(|need| Arc::clone(&need.table)).collect()
        };
        self.row == other.row && self.problems == other.problems && tables(self) == tables(other)
    }
}

/// The rule that a text means; else a code and a sentence that say why it means none.
fn compile(text: Option<&str>, table: &Table, snapshot: &Snapshot) -> Result<Rule, (&'static str, String)> {
    let Some(text) = text else { return Ok(Rule::Admins) };
    if text.trim().is_empty() {
        return Ok(Rule::Everyone);
    }
    let scope = Scope {
        collection: &table.collection,
        collections: snapshot,
        purpose: Purpose::Rule(RuleKind::View),
    };
    let condition = expression::parse(text)
        .and_then(|expression| expression::check(&expression, &scope))
        .map_err(|error| {
            let position = error.position();
            let line = if position.line > 1 { format!("line {}, ", position.line) } else { String::new() };
            (error.code.as_str(), format!("At {line}character {}: {}", position.column, error.summary()))
        })?;
    let program = Program::compile_over(&condition, table, snapshot, Trust::Rule)
        .map_err(|alone| ("not_live", alone.to_string()))?;
    let unpublished =
        program.needs().iter().find(|need| !need.table.served || !need.table.collection.realtime);
    if let Some(need) = unpublished {
        let other = need.collection();
        let reason = if other == "users" {
            "Accounts are not followed: say it with `@user`".to_owned()
        } else {
            format!("It looks into `{other}`, which has realtime off: turn it on there")
        };
        return Err(("not_live", reason));
    }
    Ok(Rule::When(Box::new((condition, program))))
}

/// The channels that are declared.
#[derive(Debug, Default)]
pub struct Channels(Vec<Arc<Channel>>);

impl Channels {
    /// Those of that moment.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut channels: Vec<Arc<Channel>> = Vec::with_capacity(snapshot.channels.len());
        for row in &snapshot.channels {
            match Channel::new(row, snapshot) {
                Ok(channel) => channels.push(Arc::new(channel)),
                Err(error) => tracing::warn!(%error, channel = row.name, "a channel cannot be read"),
            }
        }
        // Those that have a word earlier come first.
        channels.sort_by(|a, b| b.pattern.precedes(&a.pattern).cmp(&a.pattern.precedes(&b.pattern)));
        Self(channels)
    }

    /// The channel that has a topic, and the row that its rules are about there.
    pub fn find(&self, topic: &str) -> Option<(&Arc<Channel>, Image)> {
        self.0.iter().find_map(|channel| Some((channel, channel.image(topic)?)))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.0.iter()
    }
}
