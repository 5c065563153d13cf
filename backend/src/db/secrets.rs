//! Keys of the server itself, which every server of a database shares.

use sqlx::PgPool;

use crate::clock::Random;

/// The key of that name, made where it is missing.
///
/// # Errors
/// The database does not answer.
pub async fn secret(pool: &PgPool, random: Random, name: &str) -> Result<[u8; 32], sqlx::Error> {
    let offered = random.bytes::<32>();
    sqlx::query!(
        "insert into annex.secrets (name, value) values ($1, $2) on conflict (name) do nothing",
        name,
        offered.as_slice()
    )
    .execute(pool)
    .await?;
    let kept =
        sqlx::query_scalar!("select value from annex.secrets where name = $1", name).fetch_one(pool).await?;
    kept.try_into()
        .map_err(|_| sqlx::Error::Decode(format!("the secret `{name}` is not 32 bytes long").into()))
}
