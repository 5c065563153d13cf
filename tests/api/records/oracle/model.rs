//! What the reference says of a write: whether it is done, what is answered, and which rows there are then.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::condition::{Condition, World};
use super::{Case, Random, Row};

/// What a body says of a row. What is missing in it is left as it is, or gets its default.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pub owner: Option<Option<String>>,
    pub n: Option<Option<i64>>,
    pub flag: Option<Option<bool>>,
    pub parent: Option<Option<i64>>,
}

impl Body {
    pub fn generate(random: &mut Random, case: &Case<'_>) -> Self {
        let parents: Vec<_> = case.rows.iter().map(|row| Some(row.id)).chain([None]).collect();
        let mut given = |probability: usize| random.next(4) < probability;
        let (owner, n, flag, parent) = (given(2), given(2), given(1), given(1));
        Self {
            owner: owner.then(|| random.pick(case.owners)),
            n: n.then(|| random.pick(&[None, Some(0), Some(1), Some(2)])),
            flag: flag.then(|| random.pick(&[None, Some(true), Some(false)])),
            parent: parent.then(|| random.pick(&parents)),
        }
    }

    /// One that leaves out nothing.
    pub fn whole(random: &mut Random, case: &Case<'_>) -> Self {
        let body = Self::generate(random, case);
        Self {
            owner: Some(body.owner.flatten()),
            n: Some(body.n.flatten()),
            flag: Some(body.flag.flatten()),
            parent: Some(body.parent.flatten()),
        }
    }

    pub fn json(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("owner", self.owner.clone().map(Value::from));
        put("n", self.n.map(Value::from));
        put("flag", self.flag.map(Value::from));
        put("parent", self.parent.map(Value::from));
        members
    }

    /// What becomes of a row.
    pub fn over(&self, row: &Row) -> Row {
        Row {
            owner: self.owner.clone().unwrap_or_else(|| row.owner.clone()),
            n: self.n.unwrap_or(row.n),
            flag: self.flag.unwrap_or(row.flag),
            parent: self.parent.unwrap_or(row.parent),
            ..row.clone()
        }
    }

    /// The row of that key that it makes.
    pub fn made(&self, id: i64) -> Row {
        let plain = Row { id, owner: None, n: Some(1), t: None, flag: Some(false), tags: None, parent: None };
        self.over(&plain)
    }
}

/// A write of one row.
#[derive(Debug, Clone)]
pub enum Write {
    Create(i64, Body),
    Update(i64, Body),
    Replace(i64, Body),
    Delete(i64),
}

impl Write {
    pub fn generate(random: &mut Random, case: &Case<'_>) -> Self {
        // Some of these are there, and some are not.
        let id = 1 + random.next(20) as i64;
        let body = Body::generate(random, case);
        match random.next(7) {
            0 | 1 => Self::Create(id, body),
            2 | 3 => Self::Update(id, body),
            4 | 5 => Self::Replace(id, body),
            _ => Self::Delete(id),
        }
    }

    pub fn id(&self) -> i64 {
        let (Self::Create(id, _) | Self::Update(id, _) | Self::Replace(id, _) | Self::Delete(id)) = self;
        *id
    }
}

/// What a write comes to.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub status: u16,
    /// The row that is answered.
    pub record: Option<Row>,
    /// All rows, afterwards.
    pub after: Vec<Row>,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nrows now: {:?}", self.label, self.rows)
    }
}

impl Case<'_> {
    pub fn world(&self) -> World<'_> {
        World { seen: self.rows.iter().collect(), asker: self.asker }
    }

    /// The rows that a rule is true of.
    pub fn passing(&self, rule: &Condition) -> BTreeSet<i64> {
        let world = self.world();
        self.rows.iter().filter(|row| world.holds(row, rule) == Some(true)).map(|row| row.id).collect()
    }

    /// The rows that the caller may view.
    pub fn viewed(&self) -> BTreeSet<i64> {
        self.passing(&self.rules.view)
    }

    /// The rows that a list with that filter has: it looks only at what the caller may view.
    pub fn matching(&self, filter: &Condition) -> BTreeSet<i64> {
        let (listed, viewed) = (self.passing(&self.rules.list), self.viewed());
        let seen = self.rows.iter().filter(|row| viewed.contains(&row.id)).collect();
        let world = World { seen, asker: self.asker };
        let fits = |row: &&Row| listed.contains(&row.id) && world.holds(row, filter) == Some(true);
        self.rows.iter().filter(fits).map(|row| row.id).collect()
    }

    /// The row of that key.
    pub fn row(&self, id: i64) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// Whether the create rule lets that row be made.
    pub fn creatable(&self, row: &Row) -> bool {
        self.world().holds_of(row, row, &self.rules.create) == Some(true)
    }

    /// Whether the update rule lets that become of a row.
    pub fn updatable(&self, row: &Row, new: &Row) -> bool {
        self.world().holds_of(row, new, &self.rules.update) == Some(true)
    }

    /// What a write comes to. Rules see the rows as they were before it.
    pub fn verdict(&self, write: &Write) -> Verdict {
        match write {
            Write::Create(id, body) => match body.made(*id) {
                row if !self.creatable(&row) => self.refused(self.denied()),
                _ if self.row(*id).is_some() => self.refused(409),
                row => self.done(201, row),
            },
            Write::Update(id, body) => match self.row(*id).map(|row| (row, body.over(row))) {
                Some((row, new)) if self.updatable(row, &new) => self.done(200, new),
                _ => self.refused(404),
            },
            Write::Replace(id, body) => {
                let made = body.made(*id);
                match self.row(*id) {
                    Some(row) if self.updatable(row, &made) => self.done(200, made),
                    _ if !self.creatable(&made) => self.refused(self.denied()),
                    Some(_) => self.refused(404),
                    None => self.done(201, made),
                }
            }
            Write::Delete(id) if self.passing(&self.rules.delete).contains(id) => {
                Verdict { status: 204, record: None, after: self.without(&[*id].into()) }
            }
            Write::Delete(_) => self.refused(404),
        }
    }

    /// The rows, without some and all that point at these.
    pub fn without(&self, gone: &BTreeSet<i64>) -> Vec<Row> {
        let mut gone = gone.clone();
        loop {
            let before = gone.len();
            let points = |row: &&Row| row.parent.is_some_and(|parent| gone.contains(&parent));
            let more: Vec<i64> = self.rows.iter().filter(points).map(|row| row.id).collect();
            gone.extend(more);
            if gone.len() == before {
                return self.rows.iter().filter(|row| !gone.contains(&row.id)).cloned().collect();
            }
        }
    }

    /// The rows, with these in the place of those of the same keys, and beside the others.
    pub fn with(&self, new: Vec<Row>) -> Vec<Row> {
        let keys: BTreeSet<i64> = new.iter().map(|row| row.id).collect();
        let mut rows: Vec<Row> = self.rows.iter().filter(|row| !keys.contains(&row.id)).cloned().collect();
        rows.extend(new);
        rows.sort_by_key(|row| row.id);
        rows
    }

    fn done(&self, status: u16, row: Row) -> Verdict {
        let visible = self.world().holds(&row, &self.rules.view) == Some(true);
        let record = visible.then(|| row.clone());
        let status = if status == 200 && !visible { 204 } else { status };
        Verdict { status, record, after: self.with(vec![row]) }
    }

    fn refused(&self, status: u16) -> Verdict {
        Verdict { status, record: None, after: self.rows.clone() }
    }

    /// How a rule's refusal is told.
    pub fn denied(&self) -> u16 {
        if self.asker.is_some() { 403 } else { 401 }
    }
}
