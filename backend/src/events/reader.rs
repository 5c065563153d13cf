//! Reads the log and writes what is to be told, on whichever server of all has the slot.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use futures_util::FutureExt;
use pgwire_replication::ReplicationClient;
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use super::plan::{Output, Plan};
use super::{PUBLICATION, SubscriberName, slot, store};
use crate::app::App;
use crate::realtime::Position;
use crate::realtime::feed::decode::Decoder;
use crate::realtime::feed::outbox::{OUTBOX, Outbox};
use crate::realtime::feed::source::Source;
use crate::realtime::feed::{Change, Event, FeedError, take};

/// How often it is looked whether somebody is to be told, and whether the slot is free.
const LOOK: Duration = Duration::from_secs(1);

/// How long nobody must be told of rows before the log is given up.
const IDLE: Duration = Duration::from_secs(60);

/// How often the tables that are in the log are compared with those that should be.
const KEEPING: Duration = Duration::from_secs(60);

/// How long the end of a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The most changes that are written together.
const MOST_AT_ONCE: usize = 1000;

/// The most bytes that are written together.
const MOST_BYTES: usize = 4 << 20;

/// Why it is not read on.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("another server has written what this one was about to write")]
    Overtaken,
    #[error("another server reads the outbox")]
    Taken,
}

impl Stop {
    /// Another server reads.
    fn is_taken(&self) -> bool {
        match self {
            Self::Feed(error) => error.is_slot_in_use(),
            Self::Taken => true,
            Self::Database(_) | Self::Overtaken => false,
        }
    }
}

/// Goes on until the server ends.
pub async fn read(app: Data<App>) {
    let ending = &app.realtime.ending;
    let (mut told, mut unwanted, mut given_up) = (false, None, false);
    while !ending.is_cancelled() {
        let pause = if is_wanted(&app) {
            (unwanted, given_up) = (None, false);
            match follow(&app, &mut told).await {
                Ok(()) => continue,
                Err(error) if error.is_taken() => {
                    tracing::trace!("another server reads the log for webhooks and triggers")
                }
                Err(error) if told => {
                    tracing::debug!(%error, "the log for webhooks and triggers still cannot be read")
                }
                Err(error) => {
                    tracing::warn!(%error, "The log for webhooks and triggers cannot be read; trying again until it can");
                    told = true;
                }
            }
            sleep(LOOK).left_future()
        } else {
            let since = *unwanted.get_or_insert_with(Instant::now);
            if since.elapsed() >= IDLE && !given_up {
                given_up = give_up(&app).await;
            }
            async { drop(timeout(LOOK, app.events.wanted.notified()).await) }.right_future()
        };
        tokio::select! {
            () = pause => {}
            () = ending.cancelled() => {}
        }
    }
}

fn is_wanted(app: &App) -> bool {
    !app.catalogue.snapshot().subscribers.is_empty()
}

async fn give_up(app: &App) -> bool {
    let given_up = async {
        publish(app).await?;
        slot::give_up(&app.db.pool).await
    };
    match given_up.await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "the log for webhooks and triggers could not be given up yet");
            false
        }
    }
}

/// Puts the tables into the log that should be in it, and takes the others out.
async fn publish(app: &App) -> sqlx::Result<()> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let added = store::publish(&mut transaction).await?;
    transaction.commit().await?;
    if !added.is_empty() {
        tracing::warn!(
            ?added,
            "Changes of these collections were not told to webhooks and triggers for a while: their tables were made anew"
        );
    }
    Ok(())
}

/// Reads the log over one connection, where no other server does.
async fn follow(app: &App, told: &mut bool) -> Result<(), Stop> {
    let pool = &app.db.pool;
    let slot = slot::keep(pool, app.events.source).await?;
    let is_outbox = slot == OUTBOX;
    // Whoever has it reads the outbox.
    let mut claim = None;
    let mut source = if is_outbox {
        let claim = claim.insert(PgConnection::connect_with(&pool.connect_options()).await?);
        if !store::claim_outbox(claim).await? {
            return Err(Stop::Taken);
        }
        let position = store::position(pool).await?;
        Source::Outbox(Outbox::read(pool, PUBLICATION, position.commit))
    } else {
        let mut config = app.events.replication.clone();
        config.slot = slot;
        let mut client = ReplicationClient::connect_gated(config).await.map_err(FeedError::from)?;
        client.start().await.map_err(FeedError::from)?;
        client.wait_started().await.map_err(FeedError::from)?;
        Source::Log(Box::new(client))
    };
    // Whoever read before may have written more than the slot knows.
    let position = store::position(pool).await?;
    if *told {
        tracing::info!("The log for webhooks and triggers is read again");
        *told = false;
    }
    tracing::debug!(?position, "reading the log for webhooks and triggers");
    let mut reading = Reading { app, position, plan: Plan::default(), is_outbox };
    let ended = tokio::select! {
        ended = reading.read(&mut source) => ended,
        ended = lost(claim.as_mut()) => ended,
        () = app.realtime.ending.cancelled() => Ok(()),
    };
    if let Err(Stop::Feed(FeedError::Trimmed)) = &ended {
        tracing::error!(
            "More was changed than the outbox keeps: changes were not told to webhooks and triggers"
        );
        store::begin_outbox_anew(pool).await?;
    }
    // The next one can begin as soon as the slot is free.
    drop(timeout(GOODBYE, source.close()).await);
    if let Some(claim) = claim {
        drop(timeout(GOODBYE, claim.close()).await);
    }
    ended
}

/// Waits until the connection is lost by which this server is the one that reads the outbox.
async fn lost(claim: Option<&mut PgConnection>) -> Result<(), Stop> {
    let Some(claim) = claim else { return std::future::pending().await };
    loop {
        sleep(LOOK).await;
        claim.ping().await?;
    }
}

struct Reading<'a> {
    app: &'a App,
    /// Up to where everything is written.
    position: Position,
    plan: Plan,
    /// Whether it is the outbox that is read, which does not know how far it was.
    is_outbox: bool,
}

impl Reading<'_> {
    /// Reads on until nobody wants it any more.
    async fn read(&mut self, source: &mut Source) -> Result<(), Stop> {
        let app = self.app;
        let mut decoder = Decoder::new(&app.db.pool, &app.catalogue, |_| true);
        let mut keeping = tokio::time::interval(KEEPING);
        let mut events = Vec::new();
        loop {
            let next = tokio::select! {
                next = source.next() => next?,
                _ = keeping.tick() => {
                    if let Err(error) = publish(app).await {
                        tracing::debug!(%error, "the tables of the log could not be looked after");
                    }
                    continue;
                }
            };
            let mut output = Output::default();
            let mut through = None;
            let mut taken = 0;
            let mut next = Some(next);
            while let Some(entry) = next {
                take(&mut decoder, entry, &mut events).await?;
                for event in events.drain(..) {
                    if let Event::Change(committed) = event
                        && committed.position > self.position
                    {
                        taken += 1;
                        through = Some((committed.position, committed.at));
                        if let Change::Row(row) = &committed.change {
                            self.plan.take(decoder.snapshot(), &committed, row, &mut output);
                        }
                    }
                }
                let is_full = taken >= MOST_AT_ONCE || output.size >= MOST_BYTES;
                next = if is_full { None } else { source.next_now().transpose()? };
            }
            if let Some((to, at)) = through.filter(|_| !output.is_empty()) {
                self.write(output, to, at).await?;
            }
            if decoder.missed() {
                // Somebody took away what has rows whole in the log.
                tracing::error!(
                    "The log does not have rows as they were: changes were not told to webhooks and triggers"
                );
                store::note_lost(&app.db.pool).await?;
                publish(app).await?;
            }
            if let Some(reached) = decoder.reached() {
                // All that is before has been written.
                source.confirm(reached);
                self.reached(Position::at(reached)).await?;
            }
            if !is_wanted(app) {
                return Ok(());
            }
        }
    }
}

impl Reading<'_> {
    /// Says now and then how far the outbox has been read, where nothing of it is to be told.
    async fn reached(&mut self, to: Position) -> Result<(), Stop> {
        const STEP: u64 = 1 << 20;
        if !self.is_outbox || to.commit < self.position.commit.saturating_add(STEP) {
            return Ok(());
        }
        if !store::confirm(&self.app.db.pool, self.position, to).await? {
            return Err(Stop::Overtaken);
        }
        self.position = to;
        Ok(())
    }

    /// Writes what is to be told, and up to where, at once.
    async fn write(&mut self, output: Output, to: Position, at: time::OffsetDateTime) -> Result<(), Stop> {
        let app = self.app;
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        // Whoever says so first has written it: no other server can have.
        if !store::advance(&mut transaction, self.position, to, at).await? {
            return Err(Stop::Overtaken);
        }
        if !output.deliveries.webhooks.is_empty() {
            store::write_deliveries(&mut transaction, &output.deliveries).await?;
        }
        let (names, events) = &output.triggers;
        if !names.is_empty() {
            store::fire_triggers(&mut transaction, names, events).await?;
        }
        for (name, why) in &output.broken {
            let now = app.clock.now();
            let disabled = match name {
                SubscriberName::Webhook(id) => {
                    store::disable_webhook(&mut *transaction, *id, "broken", now).await?
                }
                SubscriberName::Trigger(name) => store::disable_trigger(&mut *transaction, name, now).await?,
            };
            if disabled {
                tracing::warn!(
                    ?name,
                    why,
                    "The condition does not fit its collection any more; it is disabled"
                );
            }
        }
        transaction.commit().await?;
        self.position = to;
        Ok(())
    }
}
