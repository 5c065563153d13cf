//! Sessions and their refresh tokens.

use annex_openapi::auth::{Session, User};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::extract::{ADMIN, Identity};

/// A session that begins.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub user_id: Uuid,
    /// The hash of its first refresh token.
    pub refresh_hash: &'a [u8],
    /// The program that signed in.
    pub user_agent: Option<&'a str>,
    /// The address that it signed in from.
    pub address: &'a str,
    /// Now.
    pub now: OffsetDateTime,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// The most sessions of an account that have not ended.
const MOST: i64 = 100;

/// Begins a session. Those of the account that ended long ago are forgotten; where it has too many, the oldest end.
pub async fn insert(connection: &mut PgConnection, session: &NewSession<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with forgotten as (
             delete from annex.sessions
             where user_id = $2 and (expires_at < $6::timestamptz - interval '7 days' or revoked_at < $6::timestamptz - interval '7 days')),
         ended as (
             update annex.sessions set revoked_at = $6
             where id in (
                 select id from annex.sessions
                 where user_id = $2 and parent_id is null and revoked_at is null and expires_at > $6
                 order by created_at desc, id desc
                 offset $8))
         insert into annex.sessions
             (id, user_id, refresh_hash, user_agent, address, created_at, last_used_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7)",
        session.id,
        session.user_id,
        session.refresh_hash,
        session.user_agent,
        session.address,
        session.now,
        session.expires_at,
        MOST - 1
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A session in which an admin acts as an account.
#[derive(Debug)]
pub struct NewImpersonation<'a> {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub user_id: Uuid,
    /// The admin.
    pub impersonator_id: Uuid,
    /// The admin's own session.
    pub parent_id: Uuid,
    /// The admin's program.
    pub user_agent: Option<&'a str>,
    /// The admin's address.
    pub address: &'a str,
    /// Now.
    pub now: OffsetDateTime,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// Begins a session in which an admin acts as an account. When it ends; nothing where the admin's own session has ended.
pub async fn impersonate(
    pool: &PgPool,
    session: &NewImpersonation<'_>,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into annex.sessions
             (id, user_id, impersonator_id, parent_id, user_agent, address, created_at, last_used_at, expires_at)
         select $1, $2, $3, p.id, $5, $6, $7, $7, least($8::timestamptz, p.expires_at)
         from annex.sessions p
         where p.id = $4 and p.user_id = $3 and p.revoked_at is null and p.expires_at > $7
         returning expires_at",
        session.id,
        session.user_id,
        session.impersonator_id,
        session.parent_id,
        session.user_agent,
        session.address,
        session.now,
        session.expires_at
    )
    .fetch_optional(pool)
    .await
}

/// What is asked of a session before its caller is served.
#[derive(Debug)]
pub struct Standing {
    /// The account's address.
    pub email: String,
    /// Whether the address is known to be the account's own.
    pub verified: bool,
    /// The account's roles.
    pub roles: Vec<String>,
    /// The admin who acts as the account.
    pub impersonator_id: Option<Uuid>,
}

impl Standing {
    /// Whoever stands so.
    pub fn identity(mut self, user_id: Uuid, session_id: Option<Uuid>) -> Identity {
        // Who became an admin meanwhile: what an admin may do, the one who acts as another does under their own name.
        if self.impersonator_id.is_some() {
            self.roles.retain(|role| role != ADMIN);
        }
        let Self { email, verified, roles, impersonator_id } = self;
        Identity { user_id, session_id, impersonator: impersonator_id, email, verified, roles }
    }
}

/// How a session and its account stand; nothing where either of them has ended. A session in which an admin acts as the
/// account ends with the admin's own session, and when the admin is none any more.
pub async fn standing(
    executor: impl PgExecutor<'_>,
    session_id: Uuid,
    user_id: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"select u.email::text as "email!", u.verified, u.roles, s.impersonator_id
           from annex.sessions s
           join annex.users u on u.id = s.user_id
           where s.id = $1 and s.user_id = $2 and s.revoked_at is null and s.expires_at > $3 and not u.disabled
             and (s.parent_id is null or exists (
                 select from annex.sessions p join annex.users a on a.id = p.user_id
                 where p.id = s.parent_id and p.revoked_at is null and p.expires_at > $3
                   and 'admin' = any (a.roles) and not a.disabled))"#,
        session_id,
        user_id,
        now
    )
    .fetch_optional(executor)
    .await
}

/// Whose a session is, though it may have ended.
pub async fn account(executor: impl PgExecutor<'_>, session_id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select user_id from annex.sessions where id = $1", session_id)
        .fetch_optional(executor)
        .await
}

/// A session whose refresh token is being traded.
#[derive(Debug)]
pub struct Refreshable {
    /// The account.
    pub user: User,
    /// When the session ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// Puts the child in its parent's place; nothing where the parent is not the newest token of a live session.
pub async fn rotate(
    pool: &PgPool,
    session_id: Uuid,
    parent: &[u8],
    child: &[u8],
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> Result<Option<Refreshable>, sqlx::Error> {
    let row = sqlx::query!(
        r#"update annex.sessions s
           set refresh_hash = $3, generation = generation + 1, rotated_at = $4, last_used_at = $4
           from annex.users u
           where s.id = $1 and s.refresh_hash = $2 and s.revoked_at is null
             and s.expires_at > $4 and s.last_used_at > $5
             and u.id = s.user_id and not u.disabled
           returning s.expires_at, u.id, u.email::text as "email!", u.verified, u.display_name, u.roles, u.disabled,
                     u.created_at, u.updated_at"#,
        session_id,
        parent,
        child,
        now,
        idle_since
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Refreshable {
        expires_at: row.expires_at,
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

/// The newest refresh token of a session, for one that is not.
#[derive(Debug)]
pub struct Newest {
    /// Its hash.
    pub refresh_hash: Vec<u8>,
    /// How many were before it.
    pub generation: i32,
    /// When it took its parent's place.
    pub rotated_at: Option<OffsetDateTime>,
    /// The session, where it is live.
    pub live: Option<Refreshable>,
}

/// The newest refresh token of a session that has not been revoked.
pub async fn newest(
    pool: &PgPool,
    session_id: Uuid,
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> Result<Option<Newest>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select s.refresh_hash as "refresh_hash!", s.generation, s.rotated_at, s.expires_at,
                  (s.expires_at > $2 and s.last_used_at > $3 and not u.disabled) as "live!",
                  u.id, u.email::text as "email!", u.verified, u.display_name, u.roles, u.disabled,
                  u.created_at, u.updated_at
           from annex.sessions s
           join annex.users u on u.id = s.user_id
           where s.id = $1 and s.revoked_at is null and s.refresh_hash is not null"#,
        session_id,
        now,
        idle_since
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Newest {
        refresh_hash: row.refresh_hash,
        generation: row.generation,
        rotated_at: row.rotated_at,
        live: row.live.then_some(Refreshable {
            expires_at: row.expires_at,
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
        }),
    }))
}

/// Ends a session; of that account, or in which it acts as another, where one is named. Whether there was such a
/// session.
pub async fn revoke(
    pool: &PgPool,
    session_id: Uuid,
    user_id: Option<Uuid>,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update annex.sessions set revoked_at = $3
         where id = $1 and ($2::uuid is null or user_id = $2 or impersonator_id = $2)
           and revoked_at is null and expires_at > $3",
        session_id,
        user_id,
        now
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends the sessions of an account, but for one where it is named. Which ended.
pub async fn revoke_others(
    connection: &mut PgConnection,
    user_id: Uuid,
    but: Option<Uuid>,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "update annex.sessions set revoked_at = $3
         where user_id = $1 and ($2::uuid is null or id <> $2) and revoked_at is null
         returning id",
        user_id,
        but,
        now
    )
    .fetch_all(connection)
    .await
}

/// The live sessions of an account, the newest first, after that one; `current` is the one that asks.
pub async fn list(
    pool: &PgPool,
    user_id: Uuid,
    current: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> Result<Vec<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        r#"select s.id, coalesce(s.id = $2, false) as "current!", s.user_agent, s.address, s.created_at, s.last_used_at,
                  s.expires_at, s.impersonator_id as impersonated_by
           from annex.sessions s
           left join annex.sessions p on p.id = s.parent_id
           where s.user_id = $1 and ($3::uuid is null or s.id < $3)
             and s.revoked_at is null and s.expires_at > $5 and s.last_used_at > $6 and p.revoked_at is null
           order by s.id desc
           limit $4"#,
        user_id,
        current,
        after,
        limit,
        now,
        idle_since
    )
    .fetch_all(pool)
    .await
}
