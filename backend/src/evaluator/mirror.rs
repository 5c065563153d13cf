//! Rows of other collections, kept at hand: what conditions follow relations to and look for rows in.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use annex_openapi::expression::ValueType;

use super::Image;
use super::compile::kind;
use super::value::{Kind, Value};
use crate::collections::catalogue::Table;

/// What a condition asks of a collection's rows.
#[derive(Debug, Clone)]
pub struct Need {
    /// The collection.
    pub table: Arc<Table>,
    /// The columns that are read, by index, with those of the key.
    pub columns: BTreeSet<usize>,
    /// By which columns together rows are looked for.
    pub(super) lookups: BTreeSet<Vec<usize>>,
}

impl Need {
    pub(super) fn new(table: &Arc<Table>) -> Self {
        Self {
            table: Arc::clone(table),
            columns: table.key.iter().copied().collect(),
            lookups: BTreeSet::new(),
        }
    }

    /// The name of the collection.
    pub fn collection(&self) -> &str {
        &self.table.collection.name
    }

    /// Asks for what the other asks for too.
    pub fn add(&mut self, other: &Self) {
        self.columns.extend(&other.columns);
        self.lookups.extend(other.lookups.iter().cloned());
    }

    fn covers(&self, other: &Self) -> bool {
        self.columns.is_superset(&other.columns) && self.lookups.is_superset(&other.lookups)
    }
}

/// The rows of one collection, with the columns that are needed of them.
#[derive(Debug)]
pub struct Mirror {
    need: Need,
    /// By number; none where a row is gone.
    rows: Vec<Option<Image>>,
    free: Vec<usize>,
    /// The number of the row of a key.
    keys: HashMap<Box<[u8]>, usize>,
    indexes: Vec<Index>,
    size: usize,
}

#[derive(Debug)]
struct Index {
    columns: Vec<(usize, Kind)>,
    /// The numbers of the rows that have those values.
    rows: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Index {
    /// The row's values; none where one is null, which no value equals.
    fn key(&self, row: &Image) -> Option<Box<[u8]>> {
        let mut key = Vec::new();
        for (column, kind) in &self.columns {
            encode(&mut key, &kind.read(row.get(*column)?)?)?;
        }
        Some(key.into())
    }
}

impl Mirror {
    /// One without rows: [`apply`](Self::apply) each row that there is.
    pub fn new(need: Need) -> Self {
        let field = |column: &usize| &need.table.collection.fields[*column];
        let indexes = need.lookups.iter().map(|columns| Index {
            columns: columns
                .iter()
                .map(|column| (*column, kind(ValueType::of(field(column)).type_)))
                .collect(),
            rows: HashMap::new(),
        });
        let indexes = indexes.collect();
        Self { need, rows: Vec::new(), free: Vec::new(), keys: HashMap::new(), indexes, size: 0 }
    }

    /// What is kept.
    pub fn need(&self) -> &Need {
        &self.need
    }

    /// Whether a condition that has that need finds all of it here.
    pub fn covers(&self, need: &Need) -> bool {
        self.need.covers(need)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// About how many bytes the rows take.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Takes in that one row became the other: an insert has no old one, a delete no new one. Of the old one the key
    /// alone counts, and may be left out where it is that of the new one. Says whether anything changed that is kept.
    pub fn apply(&mut self, old: Option<&Image>, new: Option<&Image>) -> bool {
        let new = new.map(|row| self.kept(row));
        let replaced = new.as_ref().and_then(|row| self.remove(&self.key(row)));
        let removed = old.and_then(|row| self.remove(&self.key(row))).or(replaced);
        let changed = removed != new;
        if let Some(row) = new {
            self.insert(row);
        }
        changed
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = Self::new(self.need.clone());
    }

    /// The row with the columns that are needed.
    fn kept(&self, row: &Image) -> Image {
        row.iter().enumerate().map(|(at, value)| value.filter(|_| self.need.columns.contains(&at))).collect()
    }

    fn key(&self, row: &Image) -> Box<[u8]> {
        let mut key = Vec::new();
        for column in &self.need.table.key {
            text(&mut key, row.get(*column).unwrap_or_default());
        }
        key.into()
    }

    fn insert(&mut self, row: Image) {
        let number = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            self.rows.len() - 1
        });
        for index in &mut self.indexes {
            if let Some(key) = index.key(&row) {
                index.rows.entry(key).or_default().push(number);
            }
        }
        self.size += row.size();
        self.keys.insert(self.key(&row), number);
        self.rows[number] = Some(row);
    }

    fn remove(&mut self, key: &[u8]) -> Option<Image> {
        let number = self.keys.remove(key)?;
        let row = self.rows[number].take()?;
        self.free.push(number);
        self.size -= row.size();
        for index in &mut self.indexes {
            let Some(key) = index.key(&row) else { continue };
            if let Some(rows) = index.rows.get_mut(&key) {
                rows.retain(|other| *other != number);
                if rows.is_empty() {
                    index.rows.remove(&key);
                }
            }
        }
        Some(row)
    }

    /// All rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Image> {
        self.rows.iter().flatten()
    }

    /// The rows that have those values, encoded in the order of the columns.
    pub(super) fn find(&self, columns: &[usize], values: &[u8]) -> impl Iterator<Item = &Image> {
        let index = self.indexes.iter().find(|index| index.columns.iter().map(|(at, _)| at).eq(columns));
        let numbers = index.and_then(|index| index.rows.get(values)).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.rows[*number].as_ref())
    }
}

/// The mirrors of all collections that conditions need.
#[derive(Debug, Default)]
pub struct Mirrors(HashMap<String, Mirror>);

impl Mirrors {
    /// The mirror of that collection.
    pub fn get(&self, collection: &str) -> Option<&Mirror> {
        self.0.get(collection)
    }

    /// The mirror of that collection, to be kept current.
    pub fn get_mut(&mut self, collection: &str) -> Option<&mut Mirror> {
        self.0.get_mut(collection)
    }

    /// Whether a condition that has those needs finds all of them here.
    pub fn cover(&self, needs: &[Need]) -> bool {
        needs.iter().all(|need| self.get(need.collection()).is_some_and(|mirror| mirror.covers(need)))
    }

    /// Puts a mirror in the place of that of its collection.
    pub fn insert(&mut self, mirror: Mirror) {
        self.0.insert(mirror.need.collection().to_owned(), mirror);
    }

    /// Lets go of the mirror of that collection.
    pub fn remove(&mut self, collection: &str) -> Option<Mirror> {
        self.0.remove(collection)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mirror> {
        self.0.values()
    }
}

/// Whether values of that kind are equal exactly where they are encoded alike.
pub(super) fn is_indexable(kind: Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Whole | Kind::Text | Kind::Uuid | Kind::Day | Kind::Instant)
}

/// Adds the value to a key; none where it is of a kind that is not [indexable](is_indexable).
pub(super) fn encode(key: &mut Vec<u8>, value: &Value<'_>) -> Option<()> {
    match value {
        Value::Bool(value) => key.push((*value).into()),
        Value::Whole(value) | Value::Day(value) | Value::Instant(value) => key.extend(value.to_le_bytes()),
        Value::Text(value) => text(key, value),
        Value::Uuid(value) => key.extend(value.as_bytes()),
        Value::Float(_) | Value::Number(_) | Value::Json(_) | Value::List(..) | Value::Names(_) => {
            return None;
        }
    }
    Some(())
}

fn text(key: &mut Vec<u8>, text: &str) {
    key.extend((text.len() as u64).to_le_bytes());
    key.extend(text.as_bytes());
}
