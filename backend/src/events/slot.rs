//! The slot that keeps the log until it has been read; or the outbox, which takes its place.
//!
//! One slot belongs to the deployment. Whoever reads from it is the one that does: Postgres lets nobody else. How far it has
//! been read stands in `annex.event_log`, in the transactions that wrote what was read; the slot follows.

use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};

use super::store;
use crate::config::ChangeSource;
use crate::realtime::feed::outbox::OUTBOX;
use crate::realtime::feed::slot::make;
use crate::realtime::feed::source::is_outbox;
use crate::realtime::store::{self as slots, Slot};

/// How long whoever makes or removes the slot waits for somebody else who does.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The slot of the deployment, which begins now where there is none or its log was lost: that is noted, and told.
///
/// # Errors
/// Postgres does not answer, or lets this role have no slot.
pub async fn keep(pool: &PgPool, source: ChangeSource) -> sqlx::Result<String> {
    let options = (*pool.connect_options()).clone();
    let lock_timeout = LOCK_TIMEOUT.as_millis().to_string();
    let options = options.options([("statement_timeout", "0"), ("lock_timeout", &lock_timeout)]);
    let mut connection = PgConnection::connect_with(&options).await?;
    store::lock_slot(&mut connection).await?;
    let kept = match is_outbox(pool, source).await {
        Ok(true) => keep_outbox(&mut connection).await,
        Ok(false) => keep_locked(pool, &mut connection).await,
        Err(error) => Err(error),
    };
    drop(connection.close().await);
    kept
}

/// The outbox, which is filled from now on where it was not.
async fn keep_outbox(connection: &mut PgConnection) -> sqlx::Result<String> {
    let known = store::slot(connection).await?;
    if known.as_deref() != Some(OUTBOX) {
        let mut transaction = connection.begin().await?;
        slots::lock_outbox(&mut transaction).await?;
        let from = store::outbox_end(&mut transaction).await?;
        store::begin_log(&mut transaction, OUTBOX, from, known.is_some()).await?;
        if known.is_some() {
            tracing::error!(
                "The log for webhooks and triggers cannot be read any more: changes were lost. They are written into an outbox from now on"
            );
            store::tell_from(&mut transaction, from).await?;
            let slot = format!("{}_events", slots::slot_name(&mut transaction).await?);
            slots::drop_slot(&mut transaction, &slot).await?;
        }
        transaction.commit().await?;
    }
    slots::capture_published(connection).await?;
    Ok(OUTBOX.to_owned())
}

async fn keep_locked(pool: &PgPool, connection: &mut PgConnection) -> sqlx::Result<String> {
    let slot = format!("{}_events", slots::slot_name(connection).await?);
    let known = store::slot(connection).await?;
    let is_from_outbox = known.as_deref() == Some(OUTBOX);
    let lost = match (slots::slot(connection, &slot).await?, known) {
        (Slot::At(_), Some(known)) if known == slot => return Ok(slot),
        (Slot::At(at), None) => {
            // Whoever made it died before that was written.
            store::begin_log(connection, &slot, at, false).await?;
            return Ok(slot);
        }
        (Slot::Missing, None) => false,
        (Slot::Missing, Some(known)) if known == OUTBOX => {
            tracing::info!("Changes are read from the log for webhooks and triggers from now on");
            !store::outbox_is_read(connection).await?
        }
        (Slot::Missing, Some(_)) => {
            tracing::error!(
                slot,
                "The log for webhooks and triggers is gone: changes were lost. It begins anew"
            );
            true
        }
        (Slot::Lost, _) => {
            tracing::error!(
                slot,
                "Postgres threw away log that webhooks and triggers had not been told from (max_slot_wal_keep_size): changes were lost. It begins anew"
            );
            true
        }
        (Slot::At(_), Some(_)) => {
            tracing::error!(
                slot,
                "The log for webhooks and triggers is another database's: changes were lost. It begins anew"
            );
            true
        }
    };
    slots::drop_slot(connection, &slot).await?;
    let from = make(pool, connection, &slot).await?;
    store::begin_log(connection, &slot, from, lost).await?;
    if is_from_outbox {
        store::tell_from(connection, from).await?;
        slots::capture_published(connection).await?;
    }
    Ok(slot)
}

/// Gives the log up, where nobody is to be told of rows any more.
///
/// # Errors
/// Postgres does not answer; somebody reads from the slot.
pub async fn give_up(pool: &PgPool) -> sqlx::Result<()> {
    let mut transaction = crate::db::begin(pool).await?;
    if store::is_unwanted(&mut transaction).await?
        && let Some(slot) = store::slot(&mut transaction).await?
    {
        store::end_log(&mut transaction).await?;
        match slot.as_str() {
            OUTBOX => slots::capture_published(&mut transaction).await?,
            slot => slots::drop_slot(&mut transaction, slot).await?,
        }
    }
    transaction.commit().await
}
