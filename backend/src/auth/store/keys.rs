//! Signing keys.

use sqlx::PgPool;
use time::OffsetDateTime;

/// A key as it is kept.
#[derive(Debug)]
pub struct StoredKey {
    /// The seed.
    pub private_key: Vec<u8>,
    /// When it begins to sign.
    pub not_before: OffsetDateTime,
    /// From when on nothing that it signed counts.
    pub retired_at: Option<OffsetDateTime>,
}

/// All keys, after the given one was kept where none was there; the lock lets one server alone look and make it.
pub async fn ensure_one(
    pool: &PgPool,
    kid: &str,
    seed: &[u8],
    now: OffsetDateTime,
) -> Result<Vec<StoredKey>, sqlx::Error> {
    let mut transaction = crate::db::begin(pool).await?;
    sqlx::query!("select pg_advisory_xact_lock(hashtext('annex.signing_keys'))")
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query!(
        "insert into annex.signing_keys (kid, private_key, not_before)
         select $1, $2, $3
         where not exists (
             select from annex.signing_keys where not_before <= $3 and (retired_at is null or retired_at > $3))",
        kid,
        seed,
        now
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    all(pool).await
}

/// Keeps a key that signs from then on; nothing that the others signed counts from `retire_at` on. Those that were retired long ago
/// are forgotten.
pub async fn rotate(
    pool: &PgPool,
    kid: &str,
    seed: &[u8],
    not_before: OffsetDateTime,
    retire_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let mut transaction = crate::db::begin(pool).await?;
    sqlx::query!("select pg_advisory_xact_lock(hashtext('annex.signing_keys'))")
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query!(
        "update annex.signing_keys set retired_at = $1 where retired_at is null or retired_at > $1",
        retire_at
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "with forgotten as (
             delete from annex.signing_keys where retired_at < $3::timestamptz - interval '7 days')
         insert into annex.signing_keys (kid, private_key, not_before) values ($1, $2, $3)",
        kid,
        seed,
        not_before
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// All keys.
pub async fn all(pool: &PgPool) -> Result<Vec<StoredKey>, sqlx::Error> {
    sqlx::query_as!(StoredKey, "select private_key, not_before, retired_at from annex.signing_keys")
        .fetch_all(pool)
        .await
}
