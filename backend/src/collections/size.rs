//! How large tables are, as far as Postgres knows without counting or waiting.

use std::collections::HashMap;

use annex_openapi::stats::CollectionSize;
use sqlx::postgres::types::Oid;
use sqlx::{PgExecutor, PgPool};

/// How large a table is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// About how many rows it has; nothing where Postgres has never counted them.
    pub(super) rows: Option<i64>,
    /// What it and its indexes take on disk; nothing for what keeps no rows.
    pub(super) bytes: Option<i64>,
}

/// How large each of these tables is. A partitioned one is as large as its partitions; what somebody has locked against
/// reading is not waited for, and has no size meanwhile.
pub(super) async fn sizes(
    executor: impl PgExecutor<'_>,
    tables: &[Oid],
) -> Result<HashMap<Oid, Size>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"with locked as materialized (
               select relation as oid from pg_locks
                where mode = 'AccessExclusiveLock'
                  and database = (select oid from pg_database where datname = current_database())
           ), kept as (
               select r.oid as of, coalesce(leaf.relid, r.oid) as oid
                 from pg_class r
                 left join lateral (
                      select p.relid from pg_partition_tree(r.oid) p where r.relkind = 'p' and p.isleaf) leaf on true
                where r.oid = any($1) and r.relkind in ('r', 'p', 'm', 'f')
           ), measured as (
               select k.of, r.reltuples, coalesce(pg_stat_get_live_tuples(r.oid), 0) as live,
                      case when r.relkind <> 'f' and not exists (
                               select from locked l
                                where l.oid in (r.oid, r.reltoastrelid)
                                   or l.oid in (select i.indexrelid from pg_index i where i.indrelid = r.oid))
                           then pg_total_relation_size(r.oid) end as bytes,
                      r.relkind
                 from kept k join pg_class r on r.oid = k.oid
           )
           -- Vacuum counts into reltuples, -1 before it ever did; since then every transaction adds to the other number.
           select of as "table!",
                  sum(greatest(reltuples::bigint, live)) filter (where reltuples >= 0 or live > 0)::bigint as rows,
                  case when bool_and(bytes is not null) then sum(bytes)::bigint end as bytes
             from measured
            group by of"#,
        tables
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.table, Size { rows: row.rows, bytes: row.bytes })).collect())
}

/// How large the collections are, by name.
///
/// # Errors
/// The database does not answer.
pub async fn of_all(pool: &PgPool) -> Result<Vec<CollectionSize>, sqlx::Error> {
    let collections = sqlx::query!(
        r#"select c.name, r.oid as "table!"
             from annex.collections c
             join pg_namespace n on n.nspname = c.schema_name
             join pg_class r on r.relnamespace = n.oid and r.relname = c.table_name
            order by c.name"#
    )
    .fetch_all(pool)
    .await?;
    let tables: Vec<Oid> = collections.iter().map(|collection| collection.table).collect();
    let sizes = sizes(pool, &tables).await?;
    let sized = collections.into_iter().map(|collection| {
        let size = sizes.get(&collection.table).copied().unwrap_or_default();
        CollectionSize { name: collection.name, estimated_rows: size.rows, size_bytes: size.bytes }
    });
    Ok(sized.collect())
}
