//! Hears from Postgres that there is work, whoever enqueued it, and wakes who waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Data;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::app::App;
use crate::background::supervised;
use crate::db;

const CHANNELS: [&str; 2] = ["annex_jobs", "annex_cancellations"];

const RECONNECT: Duration = Duration::from_millis(500);

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// There may be jobs in that queue.
    Queue(Arc<str>),
    /// There may be jobs anywhere, or cancellations of any: something may have been missed.
    Anything,
    /// A running job is to stop.
    Cancelled(Uuid),
}

/// Wakes who waits for work.
#[derive(Debug)]
pub struct Wake {
    heard: broadcast::Sender<Heard>,
    /// Something was scheduled, perhaps for earlier than all else.
    scheduled: Notify,
    queues: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Default for Wake {
    fn default() -> Self {
        Self { heard: broadcast::Sender::new(1024), scheduled: Notify::new(), queues: Mutex::default() }
    }
}

impl Wake {
    /// Everything that is heard from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }

    /// What ends its `notified()` when there may be jobs in the queue. Begin to wait, look for jobs, and then await.
    pub fn queue(&self, name: &str) -> Arc<Notify> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits for a queue that only the map holds.
        if queues.len() > 1000 {
            queues.retain(|_, notify| Arc::strong_count(notify) > 1);
        }
        Arc::clone(queues.entry(name.to_owned()).or_default())
    }

    /// Ends when something was scheduled.
    pub async fn scheduled(&self) {
        self.scheduled.notified().await;
    }

    fn tell(&self, heard: Heard) {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        match &heard {
            Heard::Queue(name) => queues.get(&**name).into_iter().for_each(|notify| notify.notify_waiters()),
            Heard::Anything => queues.values().for_each(|notify| notify.notify_waiters()),
            Heard::Cancelled(_) => {}
        }
        drop(queues);
        // Without a worker nobody listens.
        drop(self.heard.send(heard));
    }
}

/// Listens until it is aborted; after a loss of the connection, again.
pub async fn listen(app: Data<App>) {
    supervised(&app.metrics, "jobs_listen", || hear(&app)).await;
}

async fn hear(app: &App) {
    let own = db::listening(&app.db.pool);
    let mut told = false;
    loop {
        if let Err(error) = follow(&app.jobs.wake, &own, &mut told).await
            && !told
        {
            told = true;
            tracing::warn!(%error, "new jobs are not heard of; they are looked for every few seconds");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn follow(wake: &Wake, pool: &PgPool, told: &mut bool) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen_all(CHANNELS).await?;
    *told = false;
    wake.tell(Heard::Anything);
    wake.scheduled.notify_one();
    while let Some(notification) = listener.try_recv().await? {
        let payload = notification.payload();
        match (notification.channel(), payload) {
            ("annex_jobs", "") => wake.scheduled.notify_one(),
            ("annex_jobs", queue) => wake.tell(Heard::Queue(queue.into())),
            (_, id) => {
                if let Ok(id) = Uuid::parse_str(id) {
                    wake.tell(Heard::Cancelled(id));
                }
            }
        }
    }
    Ok(())
}
