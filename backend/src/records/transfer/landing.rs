//! From the staging table into the collection's table: all rows at once where Postgres takes them, and otherwise in parts
//! that are halved until the rows that it does not take stand alone.

use std::time::Duration;

use annex_openapi::problem::FieldError;
use tokio_postgres::{Row, Statement};

use super::faults::{Faults, MOST};
use super::keys;
use crate::collections::catalogue::{Snapshot, Table};
use crate::db::OwnConnection;
use crate::problem::{Code, Problem, Result};
use crate::records::sql::predicate::Context;
use crate::records::sql::staging::{self, Import};
use crate::records::sql::{Bind, Sql, staging_check};
use crate::records::store::{self, Failure};

/// The longest that the writing half of an import may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The lines of a part, where not all rows are taken at once.
const PART: i64 = 4096;
/// The most rows that wait for another row of the import that they point at.
const MOST_WAITING: usize = 10_000;

/// An import's rows on their way into the table, in a transaction.
#[derive(Debug)]
pub struct Landing<'a> {
    connection: &'a OwnConnection,
    snapshot: &'a Snapshot,
    import: Import<'a>,
    table: &'a Table,
    sql: Sql,
    statement: Statement,
    denied: Option<Sql>,
    /// What is wrong with which rows.
    pub faults: Faults,
    /// Whether to go on once no more faults can be listed.
    pub exhaustive: bool,
    /// How many rows are new.
    pub inserted: u64,
    /// How many rows were there.
    pub updated: u64,
}

impl<'a> Landing<'a> {
    /// Begins the transaction.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn begin(
        connection: &'a OwnConnection,
        context: &Context<'a>,
        import: Import<'a>,
        faults: Faults,
    ) -> Result<Self, Failure> {
        let table = import.table;
        let sql = staging::write(context, import, MOST + 1)?;
        let denied = staging::denied(context, import, MOST + 1)?;
        connection.batch_execute(staging::BEGIN).await.map_err(|error| store::failure(table, error))?;
        let statement = connection.prepare(&sql.text).await.map_err(|error| store::failure(table, error))?;
        let snapshot = context.snapshot;
        Ok(Self {
            connection,
            snapshot,
            import,
            table,
            sql,
            statement,
            denied,
            faults,
            exhaustive: true,
            inserted: 0,
            updated: 0,
        })
    }

    /// Writes the rows up to that line.
    ///
    /// # Errors
    /// What is no single row's fault.
    pub async fn write(&mut self, last_line: i64) -> Result<(), Failure> {
        if !self.import.upsert.is_empty() {
            self.take_out_repeated().await?;
        }
        if self.attempt(0, last_line).await?.is_ok() {
            return Ok(());
        }
        self.run(staging::INDEX).await?;
        let aside = if self.import.upsert.is_empty() { self.sort_out().await? } else { 0 };
        self.write_in_parts(last_line).await?;
        if aside > 0 && (self.exhaustive || !self.faults.is_full()) {
            // The earlier row with the same key may not have been taken itself.
            self.run(staging_check::BRING_BACK).await?;
            self.take_out_taken().await?;
            self.write_in_parts(last_line).await?;
        }
        Ok(())
    }

    async fn write_in_parts(&mut self, last_line: i64) -> Result<(), Failure> {
        if self.attempt(0, last_line).await?.is_ok() {
            return Ok(());
        }
        let mut waiting = Vec::new();
        let mut parts: Vec<(i64, i64)> =
            (0..=last_line / PART).rev().map(|part| (part * PART, (part + 1) * PART - 1)).collect();
        while let Some((from, to)) = parts.pop() {
            if self.faults.is_full() && !self.exhaustive {
                self.faults.truncated = true;
                return Ok(());
            }
            let Err(errors) = self.attempt(from, to).await? else { continue };
            if from < to {
                let middle = from + (to - from) / 2;
                parts.extend([(middle + 1, to), (from, middle)]);
            } else if self.may_wait(&errors) && waiting.len() < MOST_WAITING {
                waiting.push((from, errors));
            } else {
                self.faults.row(from as u64, errors);
            }
        }
        self.try_again(waiting).await
    }

    /// Of rows with the same upsert key the first counts.
    async fn take_out_repeated(&mut self) -> Result<(), Failure> {
        let (table, key) = (self.table, self.import.upsert);
        let fields = field_names(table, key);
        self.take_out(&staging_check::repeated(table, key, MOST + 1), |first| {
            store::taken(&format!("The row on line {first}"), &fields)
        })
        .await
    }

    /// Takes out what the rule denies, what points at nothing and what is there already, and puts aside what repeats an
    /// earlier row; how many those are.
    async fn sort_out(&mut self) -> Result<u64, Failure> {
        let table = self.table;
        // First: what is wrong with a row that is denied would tell of rows that the caller may not know of.
        if !self.take_out_denied().await? {
            return Ok(0);
        }
        for staged in self.import.columns {
            let field = &table.collection.fields[staged.column];
            let (Some(target), Some(name)) = (table.references[staged.column], &field.collection) else {
                continue;
            };
            let Some(other) = self.snapshot.table(name).filter(|_| *name != table.collection.name) else {
                continue;
            };
            let sql = staging_check::dangling(table, *staged, other, target, MOST + 1);
            self.take_out(&sql, |_| vec![store::no_such_row(table, &field.name)]).await?;
        }
        self.take_out_taken().await?;
        let mut aside = 0;
        for key in self.unique_keys() {
            let sql = staging_check::put_aside(table, &key);
            if let Some(rows) = self.check(&sql).await? {
                let count: i64 =
                    rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(Problem::internal)?;
                aside += count as u64;
            }
        }
        Ok(aside)
    }

    /// Whether those that are left are all allowed; not where a value does not fit its column, which is found row by row.
    async fn take_out_denied(&mut self) -> Result<bool, Failure> {
        let Some(sql) = self.denied.take() else { return Ok(true) };
        let Some(rows) = self.check(&sql).await? else { return Ok(false) };
        let name = &self.table.collection.name;
        self.tell(&rows, |_| vec![forbidden(name)])?;
        Ok(true)
    }

    async fn take_out_taken(&mut self) -> Result<(), Failure> {
        let table = self.table;
        for key in self.unique_keys() {
            let fields = field_names(table, &key);
            let sql = staging_check::taken(table, &key, MOST + 1);
            self.take_out(&sql, |_| store::taken("Another row", &fields)).await?;
        }
        Ok(())
    }

    /// The unique keys of which every row has its own values.
    fn unique_keys(&self) -> Vec<Vec<usize>> {
        let whole = |column: &usize| {
            self.import.columns.iter().any(|staged| staged.column == *column && !staged.flagged)
        };
        let mut keys = keys::unique(self.table);
        keys.retain(|key| key.iter().all(whole));
        keys
    }

    /// Runs a check; what is wrong with the rows that it took out is told of the line that it names beside theirs.
    async fn take_out(&mut self, sql: &Sql, told: impl Fn(i64) -> Vec<FieldError>) -> Result<(), Failure> {
        let rows = self.check(sql).await?.unwrap_or_default();
        self.tell(&rows, told)
    }

    fn tell(&mut self, rows: &[Row], told: impl Fn(i64) -> Vec<FieldError>) -> Result<(), Failure> {
        let mut unlisted = 0;
        for row in rows {
            let number = |index: usize| row.try_get::<_, i64>(index).map_err(Problem::internal);
            unlisted = number(0)? as u64 - rows.len() as u64;
            self.faults.row(number(1)? as u64, told(number(2)?));
        }
        self.faults.unlisted(unlisted);
        Ok(())
    }

    /// The rows of a check; none where a value does not fit its column, which is found row by row.
    async fn check(&self, sql: &Sql) -> Result<Option<Vec<Row>>, Failure> {
        self.run(staging::TRY).await?;
        let answered = async {
            let statement = self.connection.prepare(&sql.text).await?;
            store::query(self.connection, &statement, &sql.binds).await
        };
        match answered.await {
            Ok(rows) => {
                self.run(staging::KEEP).await?;
                Ok(Some(rows))
            }
            Err(error) => {
                of_a_row(store::failure(self.table, error))?;
                self.run(staging::UNDO).await?;
                Ok(None)
            }
        }
    }

    /// Rows that point at rows of the same import may have come before them.
    async fn try_again(&mut self, mut waiting: Vec<(i64, Vec<FieldError>)>) -> Result<(), Failure> {
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for (line, _) in waiting {
                if let Err(errors) = self.attempt(line, line).await? {
                    still.push((line, errors));
                }
            }
            waiting = still;
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        for (line, errors) in waiting {
            self.faults.row(line as u64, errors);
        }
        Ok(())
    }

    fn may_wait(&self, errors: &[FieldError]) -> bool {
        let name = self.table.collection.name.as_str();
        let within =
            self.table.collection.fields.iter().any(|field| field.collection.as_deref() == Some(name));
        within && errors.iter().any(|error| error.code == "no_such_row")
    }

    /// Tries the rows of those lines; what is wrong with one of them where Postgres does not take them.
    async fn attempt(&mut self, from: i64, to: i64) -> Result<Result<(), Vec<FieldError>>, Failure> {
        self.run(staging::TRY).await?;
        self.sql.binds[0] = Bind::text(from.to_string());
        self.sql.binds[1] = Bind::text(to.to_string());
        match store::query(self.connection, &self.statement, &self.sql.binds).await {
            Ok(rows) => {
                self.run(staging::KEEP).await?;
                let row = rows.first().ok_or_else(|| Problem::internal("an import answered nothing"))?;
                self.count(row)?;
                Ok(Ok(()))
            }
            Err(error) => {
                let errors = of_a_row(store::failure(self.table, error))?;
                self.run(staging::UNDO).await?;
                Ok(Err(errors))
            }
        }
    }

    fn count(&mut self, row: &Row) -> Result<()> {
        let number = |index: usize| {
            row.try_get::<_, i64>(index).map(|number| number as u64).map_err(Problem::internal)
        };
        self.inserted += number(0)?;
        self.updated += number(1)?;
        let denied: Vec<i64> = row.try_get(3).map_err(Problem::internal)?;
        let name = &self.table.collection.name;
        for line in &denied {
            self.faults.row(*line as u64, [forbidden(name)]);
        }
        self.faults.unlisted(number(2)? - denied.len() as u64);
        Ok(())
    }

    async fn run(&self, statement: &str) -> Result<(), Failure> {
        self.connection.batch_execute(statement).await.map_err(|error| store::failure(self.table, error))
    }
}

/// What is wrong with a row.
///
/// # Errors
/// It is no row's fault.
fn of_a_row(failure: Failure) -> Result<Vec<FieldError>, Failure> {
    match failure {
        Failure::Problem(problem)
            if matches!(problem.code, Code::ValidationFailed | Code::NotUnique | Code::StillReferenced) =>
        {
            if problem.errors.is_empty() {
                return Ok(vec![FieldError::new("", problem.code.as_str(), problem.detail)]);
            }
            Ok(problem.errors)
        }
        failure => Err(failure),
    }
}

fn forbidden(collection: &str) -> FieldError {
    let detail = format!("The rules of `{collection}` do not allow this row");
    FieldError::new("", Code::Forbidden.as_str(), detail)
}

fn field_names<'t>(table: &'t Table, columns: &[usize]) -> Vec<&'t str> {
    columns.iter().map(|column| table.collection.fields[*column].name.as_str()).collect()
}
