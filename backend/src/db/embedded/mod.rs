//! The Postgres that Annex brings along: found, made, started, watched and stopped by Annex itself.
//!
//! It is a child process over a private unix socket, with its cluster in the data folder. Where it dies it is
//! started again; where Annex dies without stopping it, the next Annex stops it and starts anew.

mod account;
mod binaries;
mod cluster;
mod data_folder;
mod error;
mod inspect;
mod left_behind;
mod postmaster;
mod settings;
mod socket;
mod theirs;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use cluster::Cluster;
use data_folder::DataFolder;
use postmaster::Postmaster;

pub use binaries::Binaries;
pub use error::EmbeddedError;
pub use inspect::{Inspection, inspect};

/// The oldest major version of Postgres that can be used.
const LEAST_MAJOR: u32 = 14;

/// Where the embedded Postgres lives.
#[derive(Debug, Clone)]
pub struct Options {
    /// Annex's data folder; the cluster is in its folder `postgres`.
    pub data_dir: PathBuf,
    /// The folder of Postgres's programs; looked for where it is not given.
    pub bin_dir: Option<PathBuf>,
}

/// A Postgres that runs until this is stopped or dropped.
#[derive(Debug)]
pub struct Embedded {
    data_dir: PathBuf,
    database_url: String,
    major_version: u32,
    running: DropGuard,
    supervisor: JoinHandle<()>,
}

/// Starts the Postgres of a data folder, making both where they are missing. Returns when it takes connections, or,
/// with nothing, when `given_up` came first and nothing runs any more.
///
/// # Errors
/// A sentence that says what is in the way and what to do.
pub async fn start(
    options: Options,
    given_up: impl Future<Output = ()>,
) -> Result<Option<Embedded>, EmbeddedError> {
    let mut given_up = pin!(given_up);
    let folder = DataFolder::take(&options.data_dir)?;
    let cluster = tokio::select! {
        cluster = Cluster::open(&folder, options.bin_dir.as_deref()) => cluster?,
        () = &mut given_up => return Ok(None),
    };
    let data_dir = folder.path().to_owned();
    let database_url = socket::url(&cluster.socket_folder, socket::NAME);
    let major_version = cluster.binaries.major;

    let stop = CancellationToken::new();
    let (tell, started) = oneshot::channel();
    // From here on the supervisor alone holds the process, so that it is stopped even where nobody waits any more.
    let running = stop.clone().drop_guard();
    let supervisor = tokio::spawn(supervise(cluster, folder, stop, tell));
    let embedded = Embedded { data_dir, database_url, major_version, running, supervisor };
    tokio::select! {
        started = started => match started {
            Ok(Err(error)) => Err(error),
            _ => Ok(Some(embedded)),
        },
        () = given_up => {
            embedded.stop().await;
            Ok(None)
        }
    }
}

impl Embedded {
    /// The URL of its database, for sqlx and tokio-postgres alike. It stays the same when Postgres is started again.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The data folder that it lives in.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its major version.
    pub fn major_version(&self) -> u32 {
        self.major_version
    }

    /// Stops it in good order: open connections are closed, everything is written.
    pub async fn stop(self) {
        drop(self.running);
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "The supervisor of Postgres failed");
        }
    }
}

/// Keeps the server running until it is told to stop. Holds the data folder as long as a server may be using it.
async fn supervise(
    cluster: Cluster,
    _folder: DataFolder,
    stop: CancellationToken,
    tell: oneshot::Sender<Result<(), EmbeddedError>>,
) {
    let mut tell = Some(tell);
    let mut pause = Pause::SHORTEST;
    loop {
        match launch(&cluster, &stop).await {
            Ok(Some(mut server)) => {
                match tell.take() {
                    // Where nobody listens any more, `stop` says so too.
                    Some(tell) => drop(tell.send(Ok(()))),
                    None => tracing::info!("Postgres runs again"),
                }
                let since = Instant::now();
                tokio::select! {
                    () = stop.cancelled() => return server.stop().await,
                    ended = server.ended() => {
                        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                        tracing::error!(%status, "Postgres ended by itself; starting it again");
                    }
                }
                if since.elapsed() > Pause::LONGEST {
                    pause = Pause::SHORTEST;
                }
            }
            Ok(None) => return,
            Err(error) => match tell.take() {
                Some(tell) => return drop(tell.send(Err(error))),
                None => tracing::error!(%error, "Postgres could not be started again; trying on"),
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => pause = (pause * 2).min(Pause::LONGEST),
        }
    }
}

/// How long to wait before Postgres is started again.
struct Pause;

impl Pause {
    const SHORTEST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(2);
}

/// A server that takes connections, or none where it is no longer wanted.
async fn launch(cluster: &Cluster, stop: &CancellationToken) -> Result<Option<Postmaster>, EmbeddedError> {
    let mut server = Postmaster::spawn(cluster).await?;
    let ready = tokio::select! {
        () = stop.cancelled() => None,
        ready = server.ready(cluster) => Some(ready),
    };
    match ready {
        Some(Ok(())) => Ok(Some(server)),
        Some(Err(error)) => Err(error),
        None => {
            server.stop().await;
            Ok(None)
        }
    }
}
