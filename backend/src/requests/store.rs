//! All SQL over the log of requests.

use annex_openapi::requests::{LoggedRequest, RequestCaller, RequestError, RequestProblem};
use sqlx::PgPool;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::telemetry::Entry;

/// Writes entries, all in one statement. Those that were written before are passed over.
pub async fn insert(pool: &PgPool, entries: &[Entry], instance: Uuid) -> Result<(), sqlx::Error> {
    fn column<T>(entries: &[Entry], of: impl FnMut(&Entry) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    let problem = |entry: &Entry| entry.problem.clone();
    sqlx::query!(
        "insert into annex.requests
             (id, request_id, at, method, path, query, route, status, duration_us, user_id, impersonator_id, address,
              code, detail, errors, instance)
         select *, $16::uuid
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::smallint[], $9::bigint[], $10::uuid[], $11::uuid[], $12::text[], $13::text[], $14::text[],
                     $15::jsonb[])
         on conflict (id) do nothing",
        &column(entries, |entry| entry.id),
        &column(entries, |entry| entry.request_id.clone()) as &[Option<String>],
        &column(entries, |entry| entry.at),
        &column(entries, |entry| entry.method.to_owned()),
        &column(entries, |entry| entry.path.clone()),
        &column(entries, |entry| entry.query.clone()) as &[Option<String>],
        &column(entries, |entry| entry.route.clone()) as &[Option<String>],
        &column(entries, |entry| entry.status as i16),
        &column(entries, |entry| entry.duration_us),
        &column(entries, |entry| entry.user_id) as &[Option<Uuid>],
        &column(entries, |entry| entry.impersonator_id) as &[Option<Uuid>],
        &column(entries, |entry| entry.address.to_string()),
        &column(entries, |entry| problem(entry).map(|problem| problem.code)) as &[Option<String>],
        &column(entries, |entry| problem(entry).map(|problem| problem.detail)) as &[Option<String>],
        &column(entries, |entry| problem(entry).map(|problem| Json(problem.errors))) as &[Option<Json<Vec<RequestError>>>],
        instance
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Which requests are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those with a status from here on.
    pub least_status: Option<i16>,
    /// Those with a status up to here.
    pub greatest_status: Option<i16>,
    /// Those with that method.
    pub method: Option<String>,
    /// Those whose path begins so.
    pub path: Option<String>,
    /// Those with that text in the path or in what was wrong.
    pub search: Option<String>,
    /// Those of that account.
    pub user: Option<Uuid>,
    /// Those that the client called so.
    pub request_id: Option<String>,
    /// Those that came then or later.
    pub since: Option<OffsetDateTime>,
    /// Those that came before.
    pub until: Option<OffsetDateTime>,
}

#[derive(Debug)]
struct Row {
    id: Uuid,
    request_id: String,
    at: OffsetDateTime,
    method: String,
    path: String,
    query: Option<String>,
    route: Option<String>,
    status: i16,
    duration_us: i64,
    user_id: Option<Uuid>,
    email: Option<String>,
    impersonator_id: Option<Uuid>,
    address: Option<String>,
    code: Option<String>,
    detail: Option<String>,
    errors: Option<Json<Vec<RequestError>>>,
    instance: Uuid,
}

impl From<Row> for LoggedRequest {
    fn from(row: Row) -> Self {
        let problem = match (row.code, row.detail, row.errors) {
            (Some(code), Some(detail), Some(Json(errors))) => Some(RequestProblem { code, detail, errors }),
            _ => None,
        };
        Self {
            id: row.id,
            request_id: row.request_id,
            at: row.at,
            method: row.method,
            path: row.path,
            query: row.query,
            route: row.route,
            status: row.status as u16,
            duration_ms: row.duration_us as f64 / 1000.0,
            caller: row.user_id.map(|id| RequestCaller {
                id,
                email: row.email,
                impersonated_by: row.impersonator_id,
            }),
            address: row.address,
            problem,
            instance: row.instance,
        }
    }
}

/// Requests, the newest first, after that one.
pub async fn list(
    pool: &PgPool,
    wanted: &Wanted,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LoggedRequest>, sqlx::Error> {
    let mut transaction = crate::db::begin(pool).await?;
    // Which index serves best depends on what is asked for.
    sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(&mut *transaction).await?;
    let rows = sqlx::query_as!(
        Row,
        r#"select r.id, coalesce(r.request_id, r.id::text) as "request_id!", r.at, r.method, r.path, r.query, r.route,
                  r.status, r.duration_us, r.user_id, u.email::text as "email?", r.impersonator_id, r.address,
                  r.code, r.detail, r.errors as "errors: Json<Vec<RequestError>>", r.instance
           from annex.requests r
           left join annex.users u on u.id = r.user_id
           where ($1::uuid is null or r.id < $1)
             and ($2::smallint is null or r.status >= $2)
             and ($3::smallint is null or r.status <= $3)
             and ($4::text is null or r.method = $4)
             and ($5::text is null or starts_with(r.path, $5))
             and ($6::text is null or strpos(lower(r.path), lower($6)) > 0 or strpos(lower(r.detail), lower($6)) > 0
                  or r.code = $6)
             and ($7::uuid is null or r.user_id = $7)
             and ($8::text is null or r.request_id = $8 or r.id = $9)
             and ($10::timestamptz is null or (r.at >= $10 and r.id >= $11))
             and ($12::timestamptz is null or (r.at < $12 and r.id <= $13))
           order by r.id desc
           limit $14"#,
        after,
        wanted.least_status,
        wanted.greatest_status,
        wanted.method.as_deref(),
        wanted.path.as_deref(),
        wanted.search.as_deref(),
        wanted.user,
        wanted.request_id.as_deref(),
        wanted.request_id.as_deref().and_then(|id| Uuid::parse_str(id).ok()),
        wanted.since,
        wanted.since.map(first_id),
        wanted.until,
        wanted.until.map(last_id),
        limit
    )
    .fetch_all(&mut *transaction)
    .await?;
    transaction.rollback().await?;
    Ok(rows.into_iter().map(LoggedRequest::from).collect())
}

/// The request of that id, or the last one that its client called so.
pub async fn get(
    pool: &PgPool,
    id: Option<Uuid>,
    request_id: &str,
) -> Result<Option<LoggedRequest>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select r.id, coalesce(r.request_id, r.id::text) as "request_id!", r.at, r.method, r.path, r.query, r.route,
                  r.status, r.duration_us, r.user_id, u.email::text as "email?", r.impersonator_id, r.address,
                  r.code, r.detail, r.errors as "errors: Json<Vec<RequestError>>", r.instance
           from annex.requests r
           left join annex.users u on u.id = r.user_id
           where r.id = $1 or r.request_id = $2
           order by r.id = $1 desc nulls last, r.id desc
           limit 1"#,
        id,
        request_id
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(LoggedRequest::from))
}

/// The newest request of those beyond that many; nothing where there are no more.
pub async fn beyond(pool: &PgPool, rows: i64) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select id from annex.requests order by id desc offset $1 limit 1", rows)
        .fetch_optional(pool)
        .await
}

/// Forgets that many requests up to that one, the oldest first. How many there were.
pub async fn delete_before(pool: &PgPool, until: Uuid, limit: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from annex.requests
         where id in (select id from annex.requests where id <= $1 order by id limit $2)",
        until,
        limit
    );
    Ok(done.execute(pool).await?.rows_affected())
}

/// Before the ids of all requests that came then or later, and after all others: an id begins with its milliseconds.
pub fn first_id(at: OffsetDateTime) -> Uuid {
    Uuid::from_u128(milliseconds(at) << 80)
}

/// After the ids of all requests that came then or before.
fn last_id(at: OffsetDateTime) -> Uuid {
    Uuid::from_u128((milliseconds(at) << 80) | (u128::MAX >> 48))
}

fn milliseconds(at: OffsetDateTime) -> u128 {
    (at.unix_timestamp_nanos() / 1_000_000).max(0) as u128
}
