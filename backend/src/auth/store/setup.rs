//! The first admin.

use sqlx::PgConnection;

/// Whether there is an admin who can sign in.
pub async fn has_admin(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
               select from annex.users
               where 'admin' = any (roles) and not disabled and password_hash is not null
           ) as "exists!""#
    )
    .fetch_one(connection)
    .await
}

/// Lets nobody else make the first admin until the transaction ends.
pub async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('annex.first_admin'))").fetch_one(connection).await?;
    Ok(())
}

/// Keeps the hash of the newest one-time token; older ones are worth nothing from now on.
pub async fn keep_token(connection: &mut PgConnection, hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into annex.secrets (name, value) values ('setup_token', $1)
         on conflict (name) do update set value = excluded.value, created_at = now()",
        hash
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The hash of the one-time token.
pub async fn token(connection: &mut PgConnection) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!("select value from annex.secrets where name = 'setup_token'")
        .fetch_optional(connection)
        .await
}

/// Forgets the one-time token.
pub async fn forget_token(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from annex.secrets where name = 'setup_token'").execute(connection).await?;
    Ok(())
}
