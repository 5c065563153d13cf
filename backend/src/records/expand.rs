//! Follows relations: one statement for each relation and level, never one for each row.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use annex_openapi::near;
use tokio_postgres::Row;

use super::projection::{Projection, is_readable};
use super::sql::predicate::Context;
use super::sql::select::{self, Wanted};
use super::store::{At, Failure, raw};
use super::wire::encode::{Malformed, bind_text, write_string};
use super::wire::parse;
use crate::collections::catalogue::{Column, Table};
use crate::problem::{Problem, Result};

/// The deepest path, in relations.
const MAX_DEPTH: usize = 2;
/// The most relations that one request may follow.
const MAX_RELATIONS: usize = 16;
/// The most rows of one to-many relation of one row; there is a list for more.
pub const MAX_MANY: usize = 100;
/// The most rows that one request may read by following relations.
pub const MAX_ROWS: usize = 10_000;
/// The most bytes that the rows found add to one answer, each counted wherever it stands.
pub const MAX_BYTES: usize = 32 << 20;

/// A relation to follow, and those to follow from there.
#[derive(Debug)]
pub struct Expand {
    /// What it is called.
    pub name: String,
    /// Where it leads to.
    pub target: Arc<Table>,
    /// The column whose value is looked for, here.
    pub here: usize,
    /// The column that equals it, there.
    pub there: usize,
    /// Whether many rows there may be found.
    pub many: bool,
    /// What is followed from there.
    pub inner: Vec<Expand>,
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

impl Relation {
    /// How many bytes it adds to the level above.
    fn written(&self) -> usize {
        self.of_row.iter().flatten().map(|at| self.found[*at].len()).sum()
    }
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
/// `invalid_parameter` where there is too much to be found; see [`Failure`].
pub async fn follow(
    context: &Context<'_>,
    at: At<'_>,
    table: &Table,
    projection: &Projection,
    expands: &[Expand],
    rows: &[Row],
) -> Result<Found, Failure> {
    Search { context, at, rows_left: MAX_ROWS }.follow(table, projection, expands, rows).await
}

/// Reads what the level above needs to follow `expands`.
pub fn need(projection: &mut Projection, expands: &[Expand]) {
    for expand in expands {
        projection.need(expand.here);
    }
}

/// Where one request looks, and how much it may still find.
struct Search<'a> {
    context: &'a Context<'a>,
    at: At<'a>,
    rows_left: usize,
}

impl Search<'_> {
    fn follow<'f>(
        &'f mut self,
        table: &'f Table,
        projection: &'f Projection,
        expands: &'f [Expand],
        rows: &'f [Row],
    ) -> Pin<Box<dyn Future<Output = Result<Found, Failure>> + 'f>> {
        Box::pin(async move {
            let mut relations = Vec::with_capacity(expands.len());
            let mut bytes = 0;
            for expand in expands {
                let place = projection.columns.iter().position(|column| *column == expand.here);
                let place = place.ok_or_else(|| Problem::internal("a relation's column was not read"))?;
                let relation = self.relation(table, expand, rows, place).await?;
                bytes += relation.written();
                if bytes > MAX_BYTES {
                    return Err(too_much(format!("more than {} MiB", MAX_BYTES >> 20)).into());
                }
                relations.push(relation);
            }
            Ok(Found { relations })
        })
    }

    async fn relation(
        &mut self,
        table: &Table,
        expand: &Expand,
        rows: &[Row],
        place: usize,
    ) -> Result<Relation, Failure> {
        let mut json_key = Vec::new();
        write_string(&mut json_key, expand.name.as_bytes());
        json_key.push(b':');

        let of = &table.columns[expand.here];
        let mut values: Vec<String> = Vec::new();
        let mut at: HashMap<String, usize> = HashMap::new();
        let mut of_row = Vec::with_capacity(rows.len());
        for row in rows {
            let text = bind_text(of, raw(row, place))?;
            of_row.push(text.map(|text| {
                *at.entry(text).or_insert_with_key(|text| {
                    values.push(text.clone());
                    values.len() - 1
                })
            }));
        }
        let found = if values.is_empty() { Vec::new() } else { self.find(expand, of, &values).await? };
        if !expand.many {
            // A row that is not there, or that the caller may not view, is null.
            of_row.iter_mut().for_each(|at| *at = at.filter(|at| !found[*at].is_empty()));
        }
        Ok(Relation { json_key, many: expand.many, of_row, found })
    }

    /// Reads the rows that have one of the values of the column `of`: the JSON of those of each value.
    async fn find(
        &mut self,
        expand: &Expand,
        of: &Column,
        values: &[String],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let mut found = vec![Vec::new(); values.len()];
        let target = &expand.target;
        let mut projection = Projection::all(target, self.context.caller);
        need(&mut projection, &expand.inner);
        let wanted = Wanted {
            of,
            values: parse::array(values.iter().map(|text| Some(text.as_str()))),
            column: expand.there,
            // One more tells whether there are too many.
            limit: self.rows_left + 1,
        };
        let statement = if expand.many {
            select::first_by_value(self.context, target, &projection.columns, &wanted, MAX_MANY)?
        } else {
            select::by_values(self.context, target, &projection.columns, &wanted)?
        };
        let Some(statement) = statement else { return Ok(found) };
        let rows = self.at.rows(target, &statement).await?;
        self.rows_left = self
            .rows_left
            .checked_sub(rows.len())
            .ok_or_else(|| too_much(format!("more than {MAX_ROWS} rows")))?;
        let inner = self.follow(target, &projection, &expand.inner, &rows).await?;
        for (index, row) in rows.iter().enumerate() {
            let json = &mut found[place_of_value(row)?];
            if !json.is_empty() {
                json.push(b',');
            }
            projection.open_object(json, target, row)?;
            inner.close_object(json, index);
        }
        Ok(found)
    }
}

/// Which of the values that were looked for the row has.
fn place_of_value(row: &Row) -> Result<usize, Malformed> {
    let bytes = raw(row, row.len() - 1).and_then(|bytes| bytes.try_into().ok()).ok_or(Malformed)?;
    usize::try_from(i64::from_be_bytes(bytes) - 1).map_err(|_| Malformed)
}

fn too_much(what: String) -> Problem {
    Problem::parameter("expand", format!("The relations lead to {what}"))
        .with_hint("Ask for fewer rows at a time with `limit`, or list the other collection with a filter")
}
