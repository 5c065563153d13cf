//! Runs the statements of a plan, and says in a sentence why Postgres refuses one.

use annex_openapi::collections::PlanStep;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::problem::{Code, Problem, Result};

/// How long a change waits for others to let go of a table.
const LOCK_TIMEOUT: &str = "5s";

/// How long one statement of a change may take: a large table is written again in minutes.
const STATEMENT_TIMEOUT: &str = "10min";

/// Makes the transaction one that changes the schema: one at a time, and none that waits for long.
///
/// # Errors
/// `conflict` where another change is under way.
pub(in crate::collections) async fn prepare(transaction: &mut PgConnection) -> Result<()> {
    let limits = format!(
        "set local lock_timeout = '{LOCK_TIMEOUT}'; set local statement_timeout = '{STATEMENT_TIMEOUT}'"
    );
    transaction.execute(AssertSqlSafe(limits)).await?;
    let lock = sqlx::query("select pg_advisory_xact_lock(hashtext('annex.schema'))");
    lock.execute(transaction).await.map_err(refused)?;
    Ok(())
}

/// Runs the statements, in order.
///
/// # Errors
/// In a sentence, why Postgres refuses one.
pub(in crate::collections) async fn run(transaction: &mut PgConnection, steps: &[PlanStep]) -> Result<()> {
    for step in steps {
        transaction.execute(AssertSqlSafe(step.sql.clone())).await.map_err(refused)?;
    }
    Ok(())
}

/// The numbers that a query over a user's table answers.
///
/// # Errors
/// The database does not answer.
pub(super) async fn count(transaction: &mut PgConnection, query: String) -> Result<i64> {
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(transaction).await.map_err(refused)
}

/// How Postgres spells the defaults of columns, each a type and an expression.
///
/// # Errors
/// The database does not answer.
pub(in crate::collections) async fn spell_defaults(
    transaction: &mut PgConnection,
    defaults: &[(String, String)],
) -> Result<Vec<String>> {
    if defaults.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<String> = defaults
        .iter()
        .enumerate()
        .map(|(number, (type_sql, default))| format!("c{number} {type_sql} default {default}"))
        .collect();
    let table = format!("create temporary table pg_temp.annex_defaults ({})", columns.join(", "));
    transaction.execute("savepoint defaults").await?;
    transaction.execute(AssertSqlSafe(table)).await.map_err(refused)?;
    let spelled = sqlx::query_scalar(
        "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'pg_temp.annex_defaults'::regclass order by adnum",
    )
    .fetch_all(&mut *transaction)
    .await?;
    transaction.execute("rollback to savepoint defaults").await?;
    Ok(spelled)
}

/// Somebody keeps others from a table.
pub(in crate::collections) fn locked() -> Problem {
    Problem::new(Code::Conflict, "Another transaction has the table locked, and did not let go")
        .with_hint("Try again when it is done; nothing was changed")
        .with_retry_after(5)
}

/// What Postgres says, in a sentence for whoever asked for the change.
pub(crate) fn refused(error: sqlx::Error) -> Problem {
    let sqlx::Error::Database(inner) = &error else { return error.into() };
    let Some(postgres) = inner.try_downcast_ref::<PgDatabaseError>() else { return error.into() };
    let conflict = |detail: String| Problem::new(Code::Conflict, detail);
    let message = postgres.message();
    let more = postgres.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let column = postgres.column().unwrap_or("a field");
    match postgres.code() {
        "55P03" => locked(),
        "40P01" => conflict("Another transaction changed the same tables at the same time".to_owned())
            .with_hint("Try again; nothing was changed")
            .with_retry_after(1),
        "42P07" => conflict(format!("The database has it already: {message}"))
            .with_hint("Choose another name, or take an existing table in with POST /v1/collections/adopt"),
        "42710" | "42701" | "42P06" => {
            conflict(format!("The database has it already: {message}")).with_hint("Choose another name")
        }
        "2BP01" => conflict(format!("Other things of the database depend on it{more}"))
            .with_hint("Change or drop those first"),
        "0A000" => conflict(format!("Postgres cannot do it: {message}{more}")),
        "23502" => conflict(format!("There are rows without a value of `{column}`"))
            .with_hint("Give every row a value first, or give the field a default when you add it"),
        "23505" => conflict(format!("There are rows with the same value{more}"))
            .with_hint("Make the values differ first"),
        "23503" => conflict(format!("There are rows that point at nothing{more}"))
            .with_hint("Correct or empty those values first"),
        "23514" => {
            conflict(format!("There are values that the new type or a constraint does not allow: {message}"))
                .with_hint("Correct those values first")
        }
        "42846" | "42804" => conflict(format!("The values cannot be converted: {message}"))
            .with_hint("Add a field of the new type, fill it, and drop the old one"),
        "22P02" | "22003" | "22007" | "22008" | "22001" | "22P05" => {
            conflict(format!("A value cannot be converted: {message}")).with_hint("Correct that value first")
        }
        "42501" => conflict(format!("The database does not let Annex do it: {message}"))
            .with_hint("Grant its role what is missing, or make it the owner of the table"),
        "42809" | "42P16" | "42611" | "42830" => conflict(format!("Postgres cannot do it: {message}")),
        code if code.starts_with("54") => conflict(format!("A limit of Postgres is reached: {message}")),
        "57014" => {
            Problem::new(Code::StatementTimeout, "A statement of the change took longer than 10 minutes")
        }
        _ => error.into(),
    }
}
