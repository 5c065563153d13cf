//! What is true: the rows, the roles and the rule, as they were behind each change of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use annex_openapi::expression::{self, Purpose, RuleKind, Scope};
use uuid::Uuid;

use crate::collections::catalogue::{Rule, Snapshot, Table};
use crate::evaluator::Image;
use crate::extract::{Caller, Identity};
use crate::realtime::position::{Lsn, Position};
use crate::realtime::seen::Seen;

/// Whose rows there are, and who may be told of them.
pub const USERS: usize = 3;
pub const ROLES: [Option<&str>; 3] = [None, Some("staff"), Some("admin")];
const ROOMS: [&str; 3] = ["a", "b", "c"];
/// The rule `view`, over time.
pub const RULES: [Option<&str>; 4] =
    [Some(""), Some("owner = @user.email"), Some("room = \"a\" or \"staff\" in @user.roles"), None];
/// What clients ask for.
pub const FILTERS: [Option<&str>; 4] =
    [None, Some("room = \"b\""), Some("room != \"c\""), Some("owner = \"u0\" and room in [\"a\", \"c\"]")];

/// The ends of transactions are that far apart.
const APART: Lsn = 1000;

/// A row, besides its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub owner: usize,
    pub room: usize,
}

/// Rows, by their key.
pub type Rows = BTreeMap<u8, Row>;

/// Something that a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A row came, changed or went.
    Row {
        old: Option<(u8, Row)>,
        new: Option<(u8, Row)>,
    },
    /// The first half of a row's going by another key, before the whole of it: it is there no more.
    Leaves(u8),
    Truncated,
    Role {
        user: usize,
        role: usize,
    },
    Rule(usize),
}

/// A transaction that was committed.
#[derive(Debug)]
pub struct Commit {
    pub at: Lsn,
    pub end: Lsn,
    pub transaction: u32,
    pub facts: Vec<(Position, Fact)>,
}

/// All of it at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    pub rows: Rows,
    pub roles: [usize; USERS],
    pub rule: usize,
}

impl Moment {
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Row { old, new } => {
                old.map(|(key, _)| self.rows.remove(&key));
                new.map(|(key, row)| self.rows.insert(key, row));
            }
            Fact::Leaves(key) => drop(self.rows.remove(&key)),
            Fact::Truncated => self.rows.clear(),
            Fact::Role { user, role } => self.roles[user] = role,
            Fact::Rule(rule) => self.rule = rule,
        }
    }

    /// What a list would answer.
    pub fn select(&self, user: usize, filter: usize) -> Rows {
        let role = ROLES[self.roles[user]];
        let is_shown = |row: &Row| {
            let may = role == Some("admin")
                || match self.rule {
                    0 => true,
                    1 => row.owner == user,
                    2 => row.room == 0 || role == Some("staff"),
                    _ => false,
                };
            let fits = match filter {
                0 => true,
                1 => row.room == 1,
                2 => row.room != 2,
                _ => row.owner == 0 && row.room != 1,
            };
            may && fits
        };
        self.rows.iter().filter(|(_, row)| is_shown(row)).map(|(key, row)| (*key, *row)).collect()
    }
}

/// Everything that was committed.
#[derive(Debug, Default)]
pub struct World {
    pub commits: Vec<Commit>,
    pub now: Moment,
}

impl World {
    /// Commits what was done; how it was numbered is as the feed numbers.
    pub fn commit(&mut self, facts: Vec<Fact>) {
        let number = self.commits.len();
        let end = self.end() + APART;
        let at = end - APART / 2;
        let mut change = 0;
        let facts = facts.into_iter().map(|fact| {
            self.now.take(fact);
            // A change of a row has two places, since it may be two events.
            change += match fact {
                Fact::Row { old: Some((before, _)), new: Some((after, _)) } if before == after => 2,
                _ => 1,
            };
            (Position { commit: at, change }, fact)
        });
        let facts = facts.collect();
        // Who began first does not always commit first.
        let transaction = 100 + (number as u32 ^ 1);
        self.commits.push(Commit { at, end, transaction, facts });
    }

    /// Behind everything that was committed.
    pub fn end(&self) -> Lsn {
        self.commits.last().map_or(APART, |commit| commit.end)
    }

    /// What somebody sees who reads now: all, or all but the newest transaction, which is not seen yet.
    pub fn seen(&self, all: bool) -> Seen {
        let ids: Vec<u32> = self.commits.iter().map(|commit| commit.transaction).collect();
        let next = ids.iter().max().map_or(100, |newest| newest + 1);
        let seen = &ids[..ids.len() - usize::from(!all && !ids.is_empty())];
        let running: Vec<u32> = (100..next).filter(|id| !seen.contains(id)).collect();
        let least = running.first().unwrap_or(&next);
        let running: Vec<String> = running.iter().map(u32::to_string).collect();
        format!("{least}:{next}:{}", running.join(",")).parse().unwrap()
    }

    /// What was behind a position.
    pub fn at(&self, position: Position) -> Moment {
        let mut moment = Moment::default();
        let facts = self.commits.iter().flat_map(|commit| &commit.facts);
        facts.take_while(|(at, _)| *at <= position).for_each(|(_, fact)| moment.take(*fact));
        moment
    }

    /// What was done behind a position.
    pub fn since(&self, position: Position) -> impl Iterator<Item = (Position, Fact)> {
        let facts = self.commits.iter().flat_map(|commit| &commit.facts);
        facts.filter(move |(at, _)| *at > position).copied()
    }

    /// Who a user is now.
    pub fn caller(&self, user: usize) -> Caller {
        let roles = ROLES[self.now.roles[user]].map(str::to_owned);
        Caller::new(Arc::new(Identity {
            user_id: id(user),
            session_id: None,
            impersonator: None,
            email: email(user),
            verified: true,
            roles: roles.into_iter().collect(),
        }))
    }

    /// The collections as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let mut table = Table::of_texts("notes", ["id", "owner", "room"].into_iter());
        for (column, name) in table.columns.iter_mut().zip(["id", "owner", "room"]) {
            column.json_key = format!("\"{name}\":").into_bytes().into();
        }
        (table.key, table.served, table.collection.realtime) = (vec![0], true, true);
        let mut snapshot = Snapshot { version: self.now.rule.to_string(), ..Snapshot::default() };
        table.rules.view = match RULES[self.now.rule] {
            None => Rule::Admins,
            Some("") => Rule::Everyone,
            Some(text) => {
                let scope = Scope {
                    collection: &table.collection,
                    collections: &snapshot,
                    purpose: Purpose::Rule(RuleKind::View),
                };
                let rule = expression::check(&expression::parse(text).unwrap(), &scope);
                Rule::When(rule.unwrap())
            }
        };
        snapshot.tables.insert("notes".to_owned(), Arc::new(table));
        snapshot
    }
}

/// The account of a user.
pub fn id(user: usize) -> Uuid {
    Uuid::from_u128(user as u128 + 1)
}

fn email(user: usize) -> String {
    format!("u{user}")
}

/// A row as the log has it.
pub fn image((key, row): (u8, Row)) -> Image {
    Image::new([Some(key.to_string().as_str()), Some(&email(row.owner)), Some(ROOMS[row.room])])
}

/// A row as a list answers it.
pub fn record((key, row): (u8, Row)) -> Vec<u8> {
    let (owner, room) = (email(row.owner), ROOMS[row.room]);
    format!("{{\"id\":\"{key}\",\"owner\":\"{owner}\",\"room\":\"{room}\"}}").into_bytes()
}

/// A row from the JSON of its record.
pub fn read(record: &serde_json::Value) -> (u8, Option<Row>) {
    let text = |name: &str| record[name].as_str();
    let owner = text("owner").map(|owner| owner[1..].parse().unwrap());
    let room = text("room").map(|room| ROOMS.iter().position(|known| *known == room).unwrap());
    let key = text("id").unwrap().parse().unwrap();
    (key, owner.zip(room).map(|(owner, room)| Row { owner, room }))
}
