//! Files of jobs.

use sqlx::{PgExecutor, PgPool, Result};
use time::OffsetDateTime;
use uuid::Uuid;

/// The size of every chunk but a file's last, in bytes.
pub const CHUNK: usize = 1 << 18;

/// A file that is to be written.
#[derive(Debug)]
pub struct NewFile<'a> {
    /// Its id.
    pub id: Uuid,
    /// The job that it is for or from.
    pub job: Uuid,
    /// The account whose room it takes.
    pub owner: Option<Uuid>,
    /// What a browser names it.
    pub name: &'a str,
    /// How it is written.
    pub media_type: &'a str,
    /// Now.
    pub now: OffsetDateTime,
    /// Until when it is kept where it is not written on.
    pub expires_at: OffsetDateTime,
}

/// A file that is whole.
#[derive(Debug, Clone)]
pub struct File {
    /// Its id.
    pub id: Uuid,
    /// What a browser names it.
    pub name: String,
    /// How it is written.
    pub media_type: String,
    /// How many bytes it has.
    pub size: i64,
    /// Until when it is kept.
    pub expires_at: OffsetDateTime,
}

/// Begins a file.
///
/// # Errors
/// The database does not answer.
pub async fn create(executor: impl PgExecutor<'_>, file: &NewFile<'_>) -> Result<()> {
    sqlx::query!(
        "insert into annex.job_files (id, job_id, owner, name, media_type, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
        file.id,
        file.job,
        file.owner,
        file.name,
        file.media_type,
        file.now,
        file.expires_at,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Appends a chunk, and keeps the file until then. Whether the file is still there, and is written.
///
/// # Errors
/// The database does not answer.
pub async fn append(
    executor: impl PgExecutor<'_>,
    file: Uuid,
    position: i32,
    bytes: &[u8],
    expires_at: OffsetDateTime,
) -> Result<bool> {
    let appended = sqlx::query!(
        "with grown as (
            update annex.job_files set size = size + octet_length($3::bytea), expires_at = $4 where id = $1 and finished_at is null and expires_at > '-infinity' returning id
        )
        insert into annex.job_file_chunks (file_id, position, bytes) select id, $2, $3 from grown",
        file,
        position,
        bytes,
        expires_at,
    )
    .execute(executor)
    .await?;
    Ok(appended.rows_affected() > 0)
}

/// Makes a file count. Whether it was still there.
///
/// # Errors
/// The database does not answer.
pub async fn finish(
    executor: impl PgExecutor<'_>,
    file: Uuid,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<bool> {
    let finished = sqlx::query!(
        "update annex.job_files set finished_at = $2, expires_at = $3 where id = $1 and finished_at is null and expires_at > '-infinity'",
        file,
        now,
        expires_at,
    )
    .execute(executor)
    .await?;
    Ok(finished.rows_affected() > 0)
}

/// The room that files take, in bytes.
#[derive(Debug)]
pub struct Used {
    /// All of them.
    pub total: i64,
    /// Those of one account.
    pub own: i64,
}

/// The room that files take, those of that account apart.
///
/// # Errors
/// The database does not answer.
pub async fn used(executor: impl PgExecutor<'_>, owner: Option<Uuid>) -> Result<Used> {
    sqlx::query_as!(
        Used,
        r#"select coalesce(sum(size), 0)::bigint as "total!", coalesce(sum(size) filter (where owner = $1), 0)::bigint as "own!"
        from annex.job_files"#,
        owner,
    )
    .fetch_one(executor)
    .await
}

/// The file of a job.
///
/// # Errors
/// The database does not answer.
pub async fn of_job(executor: impl PgExecutor<'_>, job: Uuid) -> Result<Option<File>> {
    sqlx::query_as!(
        File,
        "select id, name, media_type, size, expires_at from annex.job_files
        where job_id = $1 and finished_at is not null and expires_at > '-infinity' order by id desc limit 1",
        job,
    )
    .fetch_optional(executor)
    .await
}

/// A chunk of a file.
///
/// # Errors
/// The database does not answer.
pub async fn chunk(executor: impl PgExecutor<'_>, file: Uuid, position: i32) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select bytes from annex.job_file_chunks where file_id = $1 and position = $2",
        file,
        position
    )
    .fetch_optional(executor)
    .await
}

/// Lets a file go that is not finished, whoever still writes it.
///
/// # Errors
/// The database does not answer.
pub async fn abandon(executor: impl PgExecutor<'_>, file: Uuid) -> Result<()> {
    sqlx::query!(
        "update annex.job_files set expires_at = '-infinity' where id = $1 and finished_at is null",
        file
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The same for all such files of a job: what attempts before have left.
///
/// # Errors
/// The database does not answer.
pub async fn abandon_all(executor: impl PgExecutor<'_>, job: Uuid) -> Result<()> {
    sqlx::query!(
        "update annex.job_files set expires_at = '-infinity' where job_id = $1 and finished_at is null",
        job
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Lets the files of a job go that has done its work.
///
/// # Errors
/// The database does not answer.
pub async fn forget(executor: impl PgExecutor<'_>, job: Uuid) -> Result<()> {
    sqlx::query!("update annex.job_files set expires_at = '-infinity' where job_id = $1", job)
        .execute(executor)
        .await?;
    Ok(())
}

/// How many files, and how many of their chunks, one statement looks at or deletes.
const FILES: i64 = 100;
const CHUNKS: i64 = 256;

/// Deletes what is not to be kept: files whose time is over, except those that a job still needs, and those whose job is gone. Returns
/// how many.
///
/// # Errors
/// The database does not answer.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> Result<u64> {
    let mut swept = 0;
    loop {
        let doomed = sqlx::query_scalar!(
            "select f.id from annex.job_files f
            where f.expires_at < $1 and (f.finished_at is null or f.expires_at = '-infinity' or not exists (
                    select from annex.jobs j where j.id = f.job_id
                        and not exists (select from annex.attempts t where t.job_id = j.id and t.final)))
                or f.finished_at is not null and not exists (select from annex.jobs j where j.id = f.job_id)
            limit $2",
            now,
            FILES,
        )
        .fetch_all(pool)
        .await?;
        if doomed.is_empty() {
            return Ok(swept);
        }
        loop {
            let deleted = sqlx::query!(
                "delete from annex.job_file_chunks where (file_id, position) in (
                    select file_id, position from annex.job_file_chunks where file_id = any($1) limit $2 for update skip locked)",
                &doomed,
                CHUNKS,
            );
            if deleted.execute(pool).await?.rows_affected() < CHUNKS as u64 {
                break;
            }
        }
        let deleted = sqlx::query!("delete from annex.job_files where id = any($1)", &doomed);
        swept += deleted.execute(pool).await?.rows_affected();
    }
}

/// How many jobs of a queue wait that have that key.
///
/// # Errors
/// The database does not answer.
pub async fn waiting(executor: impl PgExecutor<'_>, queue: &str, key: &str) -> Result<i64> {
    sqlx::query_scalar!(
        r#"select (select count(*) from annex.ready where queue = $1 and key = $2)
            + (select count(*) from annex.parked where queue = $1 and key = $2) as "count!""#,
        queue,
        key,
    )
    .fetch_one(executor)
    .await
}
