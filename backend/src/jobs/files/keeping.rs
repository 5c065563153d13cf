//! Writes the file of a job as it comes.

use std::time::Duration;

use bytes::BytesMut;
use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::jobs::store::files::{self, CHUNK, NewFile};
use crate::problem::{Code, Problem, Result};

/// How long a file is kept that is not written on.
const UNFINISHED: Duration = Duration::from_secs(15 * 60);
/// After how many chunks the room is looked at again.
const CHUNKS: i32 = 64;

/// A file that is written. Dropped before it is finished, it goes.
#[derive(Debug)]
pub struct Keeping<'a> {
    app: &'a App,
    id: Uuid,
    owner: Option<Uuid>,
    pending: BytesMut,
    position: i32,
    size: usize,
    is_finished: bool,
}

impl<'a> Keeping<'a> {
    /// Begins the file of a job, in the room of that account.
    ///
    /// # Errors
    /// `overloaded` where there is no room; the database's problems.
    pub async fn begin(
        app: &'a App,
        job: Uuid,
        owner: Option<Uuid>,
        name: &str,
        media_type: &str,
    ) -> Result<Self> {
        let (id, now) = (app.clock.uuid_v7(), app.clock.now());
        let (pending, position, size) = (BytesMut::new(), 0, 0);
        let keeping = Self { app, id, owner, pending, position, size, is_finished: false };
        keeping.check_room().await?;
        let file = NewFile { id, job, owner, name, media_type, now, expires_at: now + UNFINISHED };
        files::create(&app.db.pool, &file).await?;
        Ok(keeping)
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes on.
    ///
    /// # Errors
    /// `payload_too_large`, `overloaded` where there is no room any more; the database's problems.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let most = self.app.config.jobs.max_file;
        self.size += bytes.len();
        if self.size > most {
            return Err(Problem::new(Code::PayloadTooLarge, format!("The file is larger than {most} bytes"))
                .with_hint("Do it in several parts, or raise ANNEX_JOBS_MAX_FILE"));
        }
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= CHUNK {
            let chunk = self.pending.split_to(CHUNK);
            self.append(&chunk).await?;
        }
        Ok(())
    }

    /// Writes what is still to be written, before [`Keeping::finish`].
    ///
    /// # Errors
    /// The database's problems.
    pub async fn close(&mut self) -> Result<()> {
        let last = std::mem::take(&mut self.pending);
        if last.is_empty() { Ok(()) } else { self.append(&last).await }
    }

    /// Makes the file count, in the transaction that has what it comes from or leads to. Until when it is kept.
    ///
    /// # Errors
    /// The database's problems.
    pub async fn finish(&self, executor: impl PgExecutor<'_>) -> Result<OffsetDateTime> {
        let now = self.app.clock.now();
        let expires_at = now + self.app.config.jobs.keep_files;
        if !files::finish(executor, self.id, now, expires_at).await? {
            return Err(overtaken());
        }
        Ok(expires_at)
    }

    /// That transaction was committed.
    pub fn settle(mut self) {
        self.is_finished = true;
    }

    async fn append(&mut self, chunk: &[u8]) -> Result<()> {
        if self.position > 0 && self.position % CHUNKS == 0 {
            self.check_room().await?;
        }
        let expires_at = self.app.clock.now() + UNFINISHED;
        if !files::append(&self.app.db.pool, self.id, self.position, chunk, expires_at).await? {
            return Err(overtaken());
        }
        self.position += 1;
        Ok(())
    }

    async fn check_room(&self) -> Result<()> {
        let most = self.app.config.jobs.max_files as i64;
        let used = files::used(&self.app.db.pool, self.owner).await?;
        if used.total < most && (self.owner.is_none() || used.own < most / 2) {
            return Ok(());
        }
        let detail = if used.total < most {
            "The files of your imports and exports take all the room that they may"
        } else {
            "The files of imports and exports take all the room that they may"
        };
        Err(Problem::new(Code::Overloaded, detail)
            .with_hint("Wait until older ones have gone, or raise ANNEX_JOBS_MAX_FILES")
            .with_retry_after(600))
    }
}

/// Another attempt of the job took over.
fn overtaken() -> Problem {
    Problem::new(Code::Conflict, "The file was given up meanwhile")
}

impl Drop for Keeping<'_> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let (pool, file) = (self.app.db.pool.clone(), self.id);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(async move {
                // Where it cannot be said, the file goes a little later.
                if let Err(error) = files::abandon(&pool, file).await {
                    tracing::debug!(%error, "a file that is not whole is still there");
                }
            }));
        }
    }
}
