//! All SQL over idempotency keys.

use std::collections::BTreeMap;

use sqlx::PgPool;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::Holder;
use super::answer::Kept;

/// The right to work on a key's request.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The key.
    pub key: [u8; 32],
    /// Whose it is.
    pub holder: Holder,
}

/// What is known of a key.
#[derive(Debug)]
pub enum Claim {
    /// Nothing was; the lease is the caller's now.
    Held,
    /// Somebody else works on it.
    InFlight,
    /// It came with another request.
    Other,
    /// The answer.
    Answered(Kept),
}

/// Takes the lease of a key that is new, has expired, or whose holder has gone.
pub async fn claim(
    pool: &PgPool,
    lease: &Lease,
    fingerprint: &[u8; 32],
    now: OffsetDateTime,
    leased_until: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<Claim, sqlx::Error> {
    let (key, fingerprint) = (lease.key.as_slice(), fingerprint.as_slice());
    let taken = sqlx::query_scalar!(
        "insert into annex.idempotency_keys as held (id, fingerprint, lease, leased_until, expires_at)
         values ($1, $2, $3, $4, $5)
         on conflict (id) do update
             set fingerprint = excluded.fingerprint, lease = excluded.lease, leased_until = excluded.leased_until,
                 expires_at = excluded.expires_at, status = null, headers = null, body = null
             where held.expires_at <= $6
                 or (held.status is null and held.leased_until <= $6 and held.fingerprint = excluded.fingerprint)
         returning true",
        key,
        fingerprint,
        lease.holder,
        leased_until,
        expires_at,
        now
    )
    .fetch_optional(pool)
    .await?;
    if taken.is_some() {
        return Ok(Claim::Held);
    }
    let held = sqlx::query!(
        r#"select fingerprint, status, headers as "headers: Json<BTreeMap<String, String>>", body
           from annex.idempotency_keys where id = $1"#,
        key
    )
    .fetch_optional(pool)
    .await?;
    Ok(match held {
        Some(held) if held.fingerprint != fingerprint => Claim::Other,
        Some(held) => match (held.status, held.headers) {
            (Some(status), Some(Json(headers))) => {
                let status = u16::try_from(status).unwrap_or_default();
                Claim::Answered(Kept { status, headers, body: held.body.map(Into::into) })
            }
            _ => Claim::InFlight,
        },
        // It was released just now.
        None => Claim::InFlight,
    })
}

/// Holds on to a lease.
pub async fn renew(pool: &PgPool, lease: &Lease, until: OffsetDateTime) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update annex.idempotency_keys set leased_until = $3 where id = $1 and lease = $2 and status is null",
        lease.key.as_slice(),
        lease.holder,
        until
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Keeps the answer.
pub async fn keep(pool: &PgPool, lease: &Lease, kept: &Kept) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update annex.idempotency_keys set status = $3, headers = $4, body = $5
         where id = $1 and lease = $2 and status is null",
        lease.key.as_slice(),
        lease.holder,
        kept.status as i16,
        Json(&kept.headers) as _,
        kept.body.as_deref()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives the key back: nothing was done.
pub async fn release(pool: &PgPool, lease: &Lease) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from annex.idempotency_keys where id = $1 and lease = $2 and status is null",
        lease.key.as_slice(),
        lease.holder
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes some of the keys that have expired, and tells how many.
pub async fn delete_expired(pool: &PgPool, now: OffsetDateTime, limit: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from annex.idempotency_keys where id in (
             select id from annex.idempotency_keys where expires_at <= $1
             order by expires_at limit $2 for update skip locked)",
        now,
        limit
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}
