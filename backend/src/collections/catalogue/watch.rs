//! Follows the database: a notification on `annex_schema` tells of every change of the schema, through an event
//! trigger; where the database does not let Annex make one, a cheap fingerprint is compared every 2 seconds.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::Catalogue;
use crate::db;

/// The channel that tells of changes.
const CHANNEL: &str = "annex_schema";

/// How long to wait for more changes to come before the catalogue is read: a migration makes many.
const SETTLE: Duration = Duration::from_millis(20);

/// How often the fingerprint is compared where there is no event trigger.
const POLL: Duration = Duration::from_secs(2);

/// How long to wait where the database does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// What changes whenever a table behind a collection does. It takes the rows of Postgres's own catalogue by the
/// transactions that wrote them.
const FINGERPRINT: &str = "
    with tables as (
        select r.oid
          from annex.collections c
          join pg_namespace n on n.nspname = c.schema_name
          join pg_class r on r.relnamespace = n.oid and r.relname = c.table_name
    ), facts as (
        select 'class' as kind, r.oid, r.xmin::text::int8 as written from pg_class r where r.oid in (select oid from tables)
        union all
        select 'column', a.attrelid, a.xmin::text::int8 from pg_attribute a where a.attrelid in (select oid from tables)
        union all
        select 'default', d.adrelid, d.xmin::text::int8 from pg_attrdef d where d.adrelid in (select oid from tables)
        union all
        select 'constraint', c.oid, c.xmin::text::int8 from pg_constraint c where c.conrelid in (select oid from tables)
        union all
        select 'index', i.indexrelid, i.xmin::text::int8 from pg_index i where i.indrelid in (select oid from tables)
        union all
        select 'value', v.oid, v.xmin::text::int8 from pg_enum v
        union all
        select 'rules', 0, c.xmin::text::int8 from annex.collections c
        union all
        select 'hooks', 0, h.xmin::text::int8 from annex.hooks h
        union all
        select 'channels', 0, c.xmin::text::int8 from annex.channels c
        union all
        select 'webhooks', 0, hashtextextended(w.id::text || w.updated_at, 0) from annex.webhooks w
        union all
        select 'triggers', 0, t.xmin::text::int8 from annex.triggers t
        union all
        select 'published', p.prrelid, p.xmin::text::int8 from pg_publication_rel p where p.prrelid in (select oid from tables)
    )
    select coalesce(sum(hashtextextended(format('%s %s %s', kind, oid, written), 0)), 0)::text from facts";

/// The task that follows the database, ended with its owner.
#[derive(Debug)]
pub(super) struct Watch(AbortHandle);

impl Watch {
    pub(super) fn start(catalogue: &Arc<Catalogue>, pool: &PgPool) -> Self {
        let task = follow(Arc::downgrade(catalogue), pool.clone());
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(catalogue: Weak<Catalogue>, pool: PgPool) {
    let listening = db::listening(&pool);
    let mut told = false;
    loop {
        let followed = follow_connection(&catalogue, &pool, &listening).await;
        match followed {
            Ok(()) => return,
            Err(error) if !told => {
                tracing::warn!(%error, "changes of the schema cannot be followed; trying again until they can");
                told = true;
            }
            Err(error) => tracing::debug!(%error, "changes of the schema still cannot be followed"),
        }
        sleep(PAUSE).await;
    }
}

/// Follows until the catalogue is gone.
async fn follow_connection(
    catalogue: &Weak<Catalogue>,
    pool: &PgPool,
    listening: &PgPool,
) -> sqlx::Result<()> {
    let notified = install_trigger(pool).await?;
    let mut listener = PgListener::connect_with(listening).await?;
    listener.listen(CHANNEL).await?;
    let mut seen = String::new();
    loop {
        // At the start, and after the connection was lost, there may have been changes that nobody told of.
        let Some(catalogue) = catalogue.upgrade() else { return Ok(()) };
        catalogue.refresh_now(pool).await?;
        drop(catalogue);
        if notified {
            listener.try_recv().await?;
        } else {
            while let Err(_elapsed) = timeout(POLL, listener.try_recv()).await {
                let now: String = sqlx::query_scalar(FINGERPRINT).fetch_one(pool).await?;
                if now != seen {
                    seen = now;
                    break;
                }
            }
        }
        while let Ok(received) = timeout(SETTLE, listener.try_recv()).await {
            received?;
        }
    }
}

/// Makes DDL tell of itself. Says whether it does; it does not where Annex's role is no superuser and nobody
/// else has made the trigger.
async fn install_trigger(pool: &PgPool) -> sqlx::Result<bool> {
    const THERE: &str = "
        select count(*) = 2 from pg_event_trigger
         where evtname in ('annex_ddl', 'annex_drop') and evtenabled <> 'D'";
    const MADE: [&str; 2] = [
        "create event trigger annex_ddl on ddl_command_end execute function annex.notify_ddl()",
        "create event trigger annex_drop on sql_drop execute function annex.notify_ddl()",
    ];
    let there = || sqlx::query_scalar::<_, bool>(THERE).fetch_one(pool);
    if there().await? {
        return Ok(true);
    }
    for statement in MADE {
        match sqlx::query(statement).execute(pool).await {
            Ok(_) => {}
            // Another server was first, or it is not allowed.
            Err(sqlx::Error::Database(error)) => {
                tracing::debug!(%error, "an event trigger was not made");
            }
            Err(error) => return Err(error),
        }
    }
    there().await
}
