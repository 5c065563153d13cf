//! Writes what is said on topics into the log: whatever comes while one statement is under way goes with the next one.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::Said;
use super::store;
use crate::problem::{Code, Problem, Result};

/// The most that waits to be written, in number and in bytes.
const MOST_WAITING: usize = 4096;
const MOST_BYTES: usize = 16 << 20;

/// The most that one statement writes.
const MOST_AT_ONCE: usize = 512;

/// The way to whoever writes.
#[derive(Debug)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// Told when something was written, or why not.
type Told = Box<dyn FnOnce(Result<()>) + Send>;

/// Something that waits to be written.
struct Waiting {
    text: String,
    told: Told,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    /// One that writes until it is dropped.
    pub fn start(pool: &PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        tokio::spawn(write(pool.clone(), waiting));
        Self { queue, room: Arc::new(Semaphore::new(MOST_BYTES)) }
    }

    /// Has something written. `told` hears of it once it is committed, or cannot be.
    ///
    /// # Errors
    /// `overloaded` where too much waits already.
    pub fn say(&self, said: &Said<'_>, told: impl FnOnce(Result<()>) + Send + 'static) -> Result<()> {
        let text = said.text();
        let room = Arc::clone(&self.room).try_acquire_many_owned(text.len() as u32);
        let waiting = |room| Waiting { text, told: Box::new(told), _room: room };
        let sent = room.ok().and_then(|room| self.queue.try_send(waiting(room)).ok());
        sent.ok_or_else(|| {
            Problem::new(Code::Overloaded, "More is said on topics than can be written").with_retry_after(1)
        })
    }

    /// The same, and waits until it is committed.
    ///
    /// # Errors
    /// `overloaded`, and whatever the database says.
    pub async fn say_and_wait(&self, said: &Said<'_>) -> Result<()> {
        let (told, written) = oneshot::channel();
        // Who has gone does not wait.
        self.say(said, |result| drop(told.send(result)))?;
        written.await.unwrap_or_else(|_| Err(Problem::new(Code::Overloaded, "The server is ending")))
    }
}

async fn write(pool: PgPool, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, MOST_AT_ONCE).await > 0 {
        let texts: Vec<String> = waiting.iter_mut().map(|one| std::mem::take(&mut one.text)).collect();
        let written = store::say(&pool, &texts).await.map_err(Problem::from);
        for one in waiting.drain(..) {
            (one.told)(written.clone());
        }
    }
}
