//! Accounts.

use annex_openapi::auth::User;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::sessions::Standing;
use crate::auth::email::Email;

/// An account that signs in.
#[derive(Debug)]
pub struct Account {
    /// What may be shown of it.
    pub user: User,
    /// The PHC string of its password, where it has one.
    pub password_hash: Option<String>,
}

/// The account of an address. What Postgres takes for the same address depends on the database's locale; what the
/// throttle takes for another one is another one here too.
pub async fn account(pool: &PgPool, email: &Email) -> Result<Option<Account>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select id, email::text as "email!", verified, display_name, roles, disabled, created_at, updated_at,
                  password_hash
           from annex.users
           where lower(email) = lower($1)"#,
        email.as_str()
    )
    .fetch_optional(pool)
    .await?;
    let row = row.filter(|row| Email::fold(&row.email) == email.folded());
    Ok(row.map(|row| Account {
        password_hash: row.password_hash,
        user: User {
            id: row.id,
            email: row.email,
            verified: row.verified,
            display_name: row.display_name,
            roles: row.roles,
            disabled: row.disabled,
            created_at: row.created_at,
            updated_at: row.updated_at,
        },
    }))
}

/// The PHC string of an account's password.
pub async fn password_hash(pool: &PgPool, id: Uuid) -> Result<Option<String>, sqlx::Error> {
    let hash = sqlx::query_scalar!("select password_hash from annex.users where id = $1", id);
    Ok(hash.fetch_optional(pool).await?.flatten())
}

/// Puts a stronger hash of the same password in the place of that one.
pub async fn strengthen(pool: &PgPool, id: Uuid, weak: &str, strong: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update annex.users set password_hash = $3 where id = $1 and password_hash = $2",
        id,
        weak,
        strong
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Whether an account is not disabled and its password is still the one with that hash; neither changes until the
/// transaction ends.
pub async fn hold(connection: &mut PgConnection, id: Uuid, hash: &str) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        "select id from annex.users where id = $1 and password_hash = $2 and not disabled for share",
        id,
        hash
    );
    Ok(held.fetch_optional(connection).await?.is_some())
}

/// Puts another password in the place of the one with that hash. Whether it was still there.
pub async fn change_password(
    connection: &mut PgConnection,
    id: Uuid,
    from: &str,
    to: &str,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update annex.users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = $2",
        id,
        from,
        to,
        now
    );
    Ok(done.execute(connection).await?.rows_affected() > 0)
}

/// An account to be made.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its address.
    pub email: &'a Email,
    /// The PHC string of its password.
    pub password_hash: Option<&'a str>,
    /// What the person wants to be called.
    pub display_name: Option<&'a str>,
    /// Whether the address is known to be the account's own.
    pub verified: bool,
    /// Its roles.
    pub roles: &'a [String],
    /// Now.
    pub now: OffsetDateTime,
}

/// Makes an account.
pub async fn insert(connection: &mut PgConnection, new: &NewUser<'_>) -> Result<User, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"insert into annex.users
               (id, email, password_hash, display_name, verified, roles, created_at, updated_at)
           values ($1, $2::text, $3, $4, $5, $6, $7, $7)
           returning id, email::text as "email!", verified, display_name, roles, disabled, created_at, updated_at"#,
        new.id,
        new.email.as_str(),
        new.password_hash,
        new.display_name,
        new.verified,
        new.roles,
        new.now
    )
    .fetch_one(connection)
    .await
}

/// An account.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"select id, email::text as "email!", verified, display_name, roles, disabled, created_at, updated_at
           from annex.users
           where id = $1"#,
        id
    )
    .fetch_optional(pool)
    .await
}

/// How an account stands; nothing where it may not sign in, or where the one who acts as it is no admin any more.
pub async fn standing(
    pool: &PgPool,
    id: Uuid,
    impersonator: Option<Uuid>,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"select email::text as "email!", verified, roles, $2::uuid as impersonator_id from annex.users
           where id = $1 and not disabled and ($2::uuid is null or exists (
               select from annex.users a where a.id = $2 and 'admin' = any (a.roles) and not a.disabled))"#,
        id,
        impersonator
    )
    .fetch_optional(pool)
    .await
}

/// Accounts, the newest first, after that one; only those with that text in address or name, where it is given.
pub async fn list(
    pool: &PgPool,
    search: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"select id, email::text as "email!", verified, display_name, roles, disabled, created_at, updated_at
           from annex.users
           where ($1::text is null
                  or strpos(lower(email), lower($1)) > 0 or strpos(lower(display_name), lower($1)) > 0)
             and ($2::uuid is null or id < $2)
           order by id desc
           limit $3"#,
        search,
        after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// How many accounts there are; only with that text in address or name, where it is given.
pub async fn count(pool: &PgPool, search: Option<&str>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from annex.users
           where $1::text is null
              or strpos(lower(email), lower($1)) > 0 or strpos(lower(display_name), lower($1)) > 0"#,
        search
    )
    .fetch_one(pool)
    .await
}

/// What changes of an account; nothing stays as it is.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// Its address.
    pub email: Option<&'a Email>,
    /// The PHC string of its password.
    pub password_hash: Option<&'a str>,
    /// What the person wants to be called.
    pub display_name: Option<Option<&'a str>>,
    /// Whether the address is known to be the account's own.
    pub verified: Option<bool>,
    /// Its roles.
    pub roles: Option<&'a [String]>,
    /// Whether it may not sign in.
    pub disabled: Option<bool>,
}

/// Changes an account.
pub async fn update(
    connection: &mut PgConnection,
    id: Uuid,
    changes: &Changes<'_>,
    now: OffsetDateTime,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        r#"update annex.users
           set email = coalesce($2::text, email),
               password_hash = coalesce($3, password_hash),
               display_name = case when $4 then $5 else display_name end,
               verified = coalesce($6, verified and ($2::text is null or lower($2::text) = lower(email))),
               roles = coalesce($7, roles),
               disabled = coalesce($8, disabled),
               updated_at = $9
           where id = $1
           returning id, email::text as "email!", verified, display_name, roles, disabled, created_at, updated_at"#,
        id,
        changes.email.map(Email::as_str),
        changes.password_hash,
        changes.display_name.is_some(),
        changes.display_name.flatten(),
        changes.verified,
        changes.roles,
        changes.disabled,
        now
    )
    .fetch_optional(connection)
    .await
}

/// Deletes an account, and its sessions with it. Whether it was there.
pub async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("delete from annex.users where id = $1", id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// The admins that can sign in, locked until the transaction ends: of two who remove each other one comes second,
/// and sees what the first has done.
pub async fn lock_admins(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from annex.users
         where 'admin' = any (roles) and not disabled and password_hash is not null
         order by id for update"
    )
    .fetch_all(connection)
    .await
}
