//! The slot that keeps the log; or the outbox, which takes its place.
//!
//! One slot belongs to the deployment and trails behind the present by as much as is to be kept. Nobody reads from it: a server that
//! starts copies it into one of its own, which lasts as long as its connection, and so reads again what clients may ask for. Nothing
//! is left behind by a server that dies.

use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::outbox::OUTBOX;
use super::source::is_outbox;
use crate::config::ChangeSource;
use crate::realtime::position::Lsn;
use crate::realtime::store::{self, Slot};

/// How long it takes before somebody is told that the slot is not made yet.
const SLOW: Duration = Duration::from_secs(3);

/// Held by whoever makes or removes the slot.
const LOCK: &str = "hashtextextended('annex.feed', 0)";

/// The log, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Tells it from others.
    pub epoch: Uuid,
    /// The slot, or [`OUTBOX`].
    pub slot: String,
    /// Where it begins.
    pub from: Lsn,
}

/// The log, which begins now where there is none or its slot was lost.
///
/// # Errors
/// Postgres does not answer, or lets this role have no slot.
pub async fn keep(pool: &PgPool, source: ChangeSource, random: impl Fn() -> Uuid) -> sqlx::Result<Kept> {
    let options = (*pool.connect_options()).clone();
    let options = options.options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::query(sqlx::AssertSqlSafe(format!("select pg_advisory_lock({LOCK})")))
        .execute(&mut connection)
        .await?;
    let kept = match is_outbox(pool, source).await {
        Ok(true) => keep_outbox(&mut connection, random).await,
        Ok(false) => keep_locked(pool, &mut connection, random).await,
        Err(error) => Err(error),
    };
    drop(connection.close().await);
    kept
}

/// The outbox, which is filled from now on where it was not.
async fn keep_outbox(connection: &mut PgConnection, random: impl Fn() -> Uuid) -> sqlx::Result<Kept> {
    let epoch = match store::feed(connection).await? {
        Some((epoch, slot)) if slot == OUTBOX => epoch,
        known => {
            let mut transaction = connection.begin().await?;
            store::lock_outbox(&mut transaction).await?;
            let epoch = random();
            store::begin_feed(&mut transaction, epoch, OUTBOX).await?;
            if known.is_some() {
                tracing::warn!(
                    "The log of changes cannot be read any more; they are written into an outbox from now on"
                );
                let slot = store::slot_name(&mut transaction).await?;
                store::drop_slot(&mut transaction, &slot).await?;
            }
            transaction.commit().await?;
            epoch
        }
    };
    store::capture_published(connection).await?;
    let from = store::outbox_begins(connection).await?;
    Ok(Kept { epoch, slot: OUTBOX.to_owned(), from })
}

async fn keep_locked(
    pool: &PgPool,
    connection: &mut PgConnection,
    random: impl Fn() -> Uuid,
) -> sqlx::Result<Kept> {
    let slot = store::slot_name(connection).await?;
    let known = store::feed(connection).await?;
    let is_from_outbox = known.as_ref().is_some_and(|(_, name)| name == OUTBOX);
    match (store::slot(connection, &slot).await?, known) {
        (Slot::At(from), Some((epoch, name))) if name == slot => return Ok(Kept { epoch, slot, from }),
        (Slot::Missing, None) => {}
        (Slot::Missing, Some(_)) if is_from_outbox => {
            tracing::info!("Changes are read from the log from now on")
        }
        (Slot::Missing, Some(_)) => tracing::warn!(slot, "The log of changes is gone; it begins anew"),
        (Slot::Lost, _) => {
            tracing::warn!(
                slot,
                "Postgres threw away log that the feed of changes needs (max_slot_wal_keep_size); it begins anew"
            );
        }
        (Slot::At(_), _) => tracing::warn!(slot, "The log of changes is not this database's; it begins anew"),
    }
    store::drop_slot(connection, &slot).await?;
    let from = make(pool, connection, &slot).await?;
    let epoch = random();
    store::begin_feed(connection, epoch, &slot).await?;
    if is_from_outbox {
        store::capture_published(connection).await?;
    }
    Ok(Kept { epoch, slot, from })
}

/// Makes a slot, and says what it waits for.
///
/// # Errors
/// Postgres does not answer, or lets this role have no slot.
pub async fn make(pool: &PgPool, connection: &mut PgConnection, slot: &str) -> sqlx::Result<Lsn> {
    let made = store::make_slot(connection, slot);
    tokio::pin!(made);
    loop {
        tokio::select! {
            made = &mut made => return made,
            () = tokio::time::sleep(SLOW) => tell_in_the_way(pool).await,
        }
    }
}

async fn tell_in_the_way(pool: &PgPool) {
    match store::in_the_way(pool).await {
        Ok(transactions) => {
            let told: Vec<String> =
                transactions.iter().map(|(pid, age)| format!("process {pid} for {age:.0} s")).collect();
            let told = told.join(", ");
            tracing::warn!("The feed of changes waits for transactions that are open: {told}");
        }
        Err(error) => tracing::debug!(%error, "the transactions in the way cannot be listed"),
    }
}

/// Gives the log up: nobody wants changes any more.
///
/// # Errors
/// Postgres does not answer.
pub async fn give_up(pool: &PgPool) -> sqlx::Result<()> {
    let mut transaction = crate::db::begin(pool).await?;
    sqlx::query(sqlx::AssertSqlSafe(format!("select pg_advisory_xact_lock({LOCK})")))
        .execute(&mut *transaction)
        .await?;
    if let Some((_, slot)) = store::feed(&mut transaction).await? {
        store::end_feed(&mut transaction).await?;
        match slot.as_str() {
            OUTBOX => store::capture_published(&mut transaction).await?,
            slot => store::drop_slot(&mut transaction, slot).await?,
        }
    }
    transaction.commit().await
}
