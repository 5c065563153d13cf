//! Follows relations: one statement for each relation and level, never one for each row.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use annex_openapi::near;
use tokio_postgres::Row;

use super::projection::{Projection, is_readable};
use super::sql::predicate::Context;
use super::sql::select;
use super::store::{self, Failure, raw};
use super::wire::encode::{bind_text, write_string};
use super::wire::parse;
use crate::collections::catalogue::Table;
use crate::db::lanes::Lane;
use crate::problem::{Problem, Result};

/// The deepest path, in relations.
const MAX_DEPTH: usize = 2;
/// The most relations that one request may follow.
const MAX_RELATIONS: usize = 16;
/// The most rows of one to-many relation of one row; there is a list for more.
pub const MAX_MANY: usize = 100;

/// A relation to follow, and those to follow from there.
#[derive(Debug)]
pub struct Expand {
    name: String,
    target: Arc<Table>,
    /// The column whose value is looked for, here.
    here: usize,
    /// The column that equals it, there.
    there: usize,
    /// Whether many rows there may be found.
    many: bool,
    inner: Vec<Expand>,
}

impl Expand {
    /// The relations that `expand=` names.
    ///
    /// # Errors
    /// `invalid_parameter` for one that does not exist for the caller, or is too deep.
    pub fn parse(context: &Context<'_>, table: &Table, paths: &[String]) -> Result<Vec<Self>> {
        let mut expands = Vec::new();
        let mut count = 0;
        for path in paths {
            let names: Vec<&str> = path.split('.').collect();
            if names.len() > MAX_DEPTH {
                return Err(Problem::parameter(
                    "expand",
                    format!("`{path}` is deeper than {MAX_DEPTH} relations"),
                ));
            }
            Self::add(context, table, &names, &mut expands, &mut count)?;
        }
        if count > MAX_RELATIONS {
            return Err(Problem::parameter(
                "expand",
                format!("`expand` follows at most {MAX_RELATIONS} relations"),
            ));
        }
        Ok(expands)
    }

    fn add(
        context: &Context<'_>,
        table: &Table,
        names: &[&str],
        into: &mut Vec<Self>,
        count: &mut usize,
    ) -> Result<()> {
        let Some((first, rest)) = names.split_first() else { return Ok(()) };
        let at = match into.iter().position(|expand| expand.name == *first) {
            Some(at) => at,
            None => {
                *count += 1;
                into.push(Self::find(context, table, first)?);
                into.len() - 1
            }
        };
        let found = &mut into[at];
        Self::add(context, &Arc::clone(&found.target), rest, &mut found.inner, count)
    }

    fn find(context: &Context<'_>, table: &Table, name: &str) -> Result<Self> {
        let readable = |table: &Table, index: usize| is_readable(table, context.caller, index);
        let target = |collection: &str| context.snapshot.table(collection).cloned();
        if let Some(here) = table.column(name).filter(|index| readable(table, *index)) {
            let collection = table.collection.fields[here].collection.as_deref();
            if let (Some(target), Some(there)) = (collection.and_then(target), table.references[here]) {
                return Ok(Self {
                    name: name.to_owned(),
                    target,
                    here,
                    there,
                    many: false,
                    inner: Vec::new(),
                });
            }
        }
        let incoming = table.incoming.iter().find(|incoming| incoming.name == name);
        if let Some(incoming) = incoming
            && let Some(target) = target(&incoming.collection)
                .filter(|target| target.served && readable(target, incoming.column))
        {
            let (name, here, there) = (name.to_owned(), incoming.target, incoming.column);
            return Ok(Self { name, target, here, there, many: true, inner: Vec::new() });
        }
        let fields = table.collection.fields.iter().enumerate();
        let relations = fields.filter(|(index, field)| field.collection.is_some() && readable(table, *index));
        let mut known: Vec<&str> = relations.map(|(_, field)| field.name.as_str()).collect();
        known.extend(
            table
                .incoming
                .iter()
                .filter(|incoming| {
                    target(&incoming.collection)
                        .is_some_and(|other| other.served && readable(&other, incoming.column))
                })
                .map(|incoming| incoming.name.as_str()),
        );
        let problem =
            Problem::parameter("expand", format!("`{}` has no relation `{name}`", table.collection.name));
        Err(match near::nearest(name, known.iter().copied()) {
            Some(near) => problem.with_hint(format!("Did you mean `{near}`?")),
            None if known.is_empty() => problem.with_hint("It has no relations"),
            None => problem.with_hint(format!("Its relations are {}", known.join(", "))),
        })
    }
}

/// What was found on one level.
pub struct Found {
    relations: Vec<Relation>,
}

struct Relation {
    /// The start of its member: the name, quoted, and a colon.
    json_key: Vec<u8>,
    many: bool,
    /// For each row of the level above: which of `found` is its own.
    of_row: Vec<Option<usize>>,
    /// The JSON of the row found, or of the rows with commas between them; each once, whoever points at it.
    found: Vec<Vec<u8>>,
}

impl Found {
    /// Ends the object of the row of that index: writes its member `expand`, where relations were followed, and the closing brace.
    pub fn close_object(&self, out: &mut Vec<u8>, row: usize) {
        if !self.relations.is_empty() {
            out.extend_from_slice(if out.last() == Some(&b'{') { b"\"expand\":{" } else { b",\"expand\":{" });
            for (index, relation) in self.relations.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&relation.json_key);
                let found = relation.of_row[row].map(|at| &relation.found[at]);
                match (found, relation.many) {
                    (Some(json), false) => out.extend_from_slice(json),
                    (None, false) => out.extend_from_slice(b"null"),
                    (json, true) => {
                        out.push(b'[');
                        out.extend_from_slice(json.map_or(&[][..], Vec::as_slice));
                        out.push(b']');
                    }
                }
            }
            out.push(b'}');
        }
        out.push(b'}');
    }
}

/// Follows `expands` from `rows`, which were read as `projection` says.
///
/// # Errors
/// See [`Failure`].
pub fn follow<'a>(
    context: &'a Context<'a>,
    lane: &'a Lane,
    table: &'a Table,
    projection: &'a Projection,
    expands: &'a [Expand],
    rows: &'a [Row],
) -> Pin<Box<dyn Future<Output = Result<Found, Failure>> + 'a>> {
    Box::pin(async move {
        let mut relations = Vec::with_capacity(expands.len());
        for expand in expands {
            let place = projection.columns.iter().position(|column| *column == expand.here);
            let place = place.ok_or_else(|| Problem::internal("a relation's column was not read"))?;
            relations.push(relation(context, lane, table, expand, rows, place).await?);
        }
        Ok(Found { relations })
    })
}

/// Reads what the level above needs to follow `expands`.
pub fn need(projection: &mut Projection, expands: &[Expand]) {
    for expand in expands {
        projection.need(expand.here);
    }
}

async fn relation(
    context: &Context<'_>,
    lane: &Lane,
    table: &Table,
    expand: &Expand,
    rows: &[Row],
    place: usize,
) -> Result<Relation, Failure> {
    let mut json_key = Vec::new();
    write_string(&mut json_key, expand.name.as_bytes());
    json_key.push(b':');

    // By the value's text: the two columns may be of different types, an `int` that points at a `bigint`.
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut of_row = Vec::with_capacity(rows.len());
    for row in rows {
        let text = bind_text(&table.columns[expand.here], raw(row, place))?;
        of_row.push(text.map(|text| {
            let next = at.len();
            *at.entry(text).or_insert(next)
        }));
    }
    let mut relation = Relation { json_key, many: expand.many, of_row, found: vec![Vec::new(); at.len()] };
    if !at.is_empty() {
        find(context, lane, expand, &at, &mut relation.found).await?;
    }
    if !expand.many {
        // A row that is not there, or that the caller may not view, is null.
        relation.of_row.iter_mut().for_each(|at| *at = at.filter(|at| !relation.found[*at].is_empty()));
    }
    Ok(relation)
}

/// Reads the rows that have one of the values, each into the JSON of its value.
async fn find(
    context: &Context<'_>,
    lane: &Lane,
    expand: &Expand,
    at: &HashMap<String, usize>,
    found: &mut [Vec<u8>],
) -> Result<(), Failure> {
    let keys = parse::array(at.keys().map(|text| Some(text.as_str())));
    let target = &expand.target;
    let mut projection = Projection::new(target, context.caller, None)?;
    need(&mut projection, &expand.inner);
    let there = projection.need(expand.there);
    let statement = if expand.many {
        select::first_by_value(context, target, &projection.columns, expand.there, keys, MAX_MANY)?
    } else {
        select::by_values(context, target, &projection.columns, expand.there, keys)?
    };
    let Some(statement) = statement else { return Ok(()) };
    let rows = store::rows(lane, target, &statement).await?;
    let inner = follow(context, lane, target, &projection, &expand.inner, &rows).await?;
    for (index, row) in rows.iter().enumerate() {
        let value = bind_text(&target.columns[expand.there], raw(row, there))?.unwrap_or_default();
        let Some(json) = at.get(&value).map(|at| &mut found[*at]) else { continue };
        if !json.is_empty() {
            json.push(b',');
        }
        projection.open_object(json, target, row)?;
        inner.close_object(json, index);
    }
    Ok(())
}
