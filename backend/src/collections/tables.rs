//! `GET /v1/tables`

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::collections::AdoptRequest;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::tables::{Table, TableColumn, TableKind, TablePage, TableRefusal};
use sqlx::postgres::types::Oid;
use sqlx::{Executor, PgConnection};

use super::adoption;
use super::catalogue::{Other, Snapshot};
use super::ddl::run;
use super::ddl::survey::Survey;
use super::plan::{Planner, State, TableReference, clean_name};
use super::size::sizes;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::{Problem, Result};

/// Lists the tables that are no collections
///
/// All tables and views of the database that could become one, by schema and name: how large each is, its columns, and
/// whether `POST /v1/collections/adopt` takes it as it is. Partitions and what extensions made are left out. For admins.
#[utoipa::path(
    get,
    path = "/v1/tables",
    operation_id = "tables_list",
    tag = "collections",
    responses(
        (status = 200, description = "The tables, all on one page", body = TablePage),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let (snapshot, others) = read(&mut transaction).await.map_err(run::refused)?;
    let oids: Vec<Oid> = others.iter().map(|other| other.oid).collect();
    let sizes = sizes(&mut *transaction, &oids).await.map_err(run::refused)?;
    let mut columns = columns(&mut transaction, &oids).await?;
    transaction.rollback().await?;

    let refusals = refusals(&snapshot, &others);
    let tables = others.into_iter().zip(refusals).map(|(other, refusal)| {
        let size = sizes.get(&other.oid).copied().unwrap_or_default();
        let primary_key = snapshot.table(&other.key).map(|table| table.collection.primary_key.clone());
        Table {
            table: reference(&other).spelled(),
            kind: kind(&other.kind),
            estimated_rows: size.rows,
            size_bytes: size.bytes,
            columns: columns.remove(&other.oid).unwrap_or_default(),
            primary_key: primary_key.unwrap_or_default(),
            collection: clean_name(&other.name),
            adoptable: refusal.is_none(),
            refusal,
            schema: other.schema,
            name: other.name,
        }
    });
    Ok(HttpResponse::Ok().json(TablePage { items: tables.collect(), next_cursor: None }))
}

/// The collections and the other tables. What is locked after it was looked at is not waited for long.
async fn read(transaction: &mut PgConnection) -> sqlx::Result<(Snapshot, Vec<Other>)> {
    transaction
        .execute("set transaction isolation level repeatable read read only; set local lock_timeout = '1s'")
        .await?;
    Snapshot::read_with_others(transaction).await
}

/// For each of the tables, why it would not be adopted: what adopting it comes upon, without doing it.
fn refusals(snapshot: &Snapshot, others: &[Other]) -> Vec<Option<TableRefusal>> {
    let everything = State::of(snapshot);
    let mut collections = everything.clone();
    for other in others {
        collections.entries.remove(&other.key);
    }
    let mut planner = Planner::new(collections.clone(), everything, Survey::default());
    let mut adopt = |other: &Other| -> Result<()> {
        let reference = reference(other);
        let request = AdoptRequest {
            table: reference.spelled(),
            name: None,
            primary_key: None,
            hidden: Vec::new(),
            rules: annex_openapi::collections::Rules::default(),
            realtime: false,
        };
        adoption::place(&collections, &reference, &request, "")?;
        let entry = planner.after.entries.get(&other.key).ok_or_else(run::locked)?;
        adoption::check_columns(entry, "")?;
        planner.check_adopted(&other.key, &request, "")
    };
    others.iter().map(|other| adopt(other).err().map(refusal)).collect()
}

fn refusal(problem: Problem) -> TableRefusal {
    TableRefusal {
        code: problem.code.as_str().to_owned(),
        detail: problem.detail,
        errors: problem.errors,
        hint: problem.hint,
    }
}

fn reference(other: &Other) -> TableReference {
    TableReference { schema: other.schema.clone(), table: other.name.clone() }
}

fn kind(relkind: &str) -> TableKind {
    match relkind {
        "p" => TableKind::PartitionedTable,
        "v" => TableKind::View,
        "m" => TableKind::MaterializedView,
        "f" => TableKind::ForeignTable,
        _ => TableKind::Table,
    }
}

/// The columns of these tables, those that cannot be served too.
async fn columns(
    connection: &mut PgConnection,
    tables: &[Oid],
) -> Result<HashMap<Oid, Vec<TableColumn>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select attrelid as "table!", attname::text as "name!", format_type(atttypid, atttypmod) as "type!",
                  attnotnull as "required!"
             from pg_attribute
            where attrelid = any($1) and attnum > 0 and not attisdropped
            order by attrelid, attnum"#,
        tables
    )
    .fetch_all(connection)
    .await?;
    let mut columns: HashMap<Oid, Vec<TableColumn>> = HashMap::new();
    for row in rows {
        let column = TableColumn { name: row.name, type_: row.r#type, required: row.required };
        columns.entry(row.table).or_default().push(column);
    }
    Ok(columns)
}
