//! A running Postgres server: our child process.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::cluster::{Cluster, one_line};
use super::error::{EmbeddedError, OnPath};
use super::{left_behind, socket};

/// How long a server may take to stop in good order before it is stopped at once, and how long that may take.
const PATIENCE: [(Signal, Duration); 2] =
    [(Signal::SIGINT, Duration::from_secs(30)), (Signal::SIGQUIT, Duration::from_secs(10))];

/// How long backends of a killed server may take to notice that it is gone.
const STRAGGLERS: Duration = Duration::from_secs(15);

/// A server.
#[derive(Debug)]
pub struct Postmaster {
    child: Child,
}

impl Postmaster {
    /// Starts the server of a cluster, once what an earlier one left is out of the way. It is not ready yet.
    ///
    /// # Errors
    /// Something is in the way, or the program cannot be run.
    pub async fn spawn(cluster: &Cluster) -> Result<Self, EmbeddedError> {
        left_behind::clear(cluster).await?;
        cluster.write_settings()?;
        let output = cluster.log()?.new_file(FIRST_WORDS)?;
        let errors = output.try_clone().on("write", &cluster.log_folder().join(FIRST_WORDS))?;
        let exposed = cluster.expose(&cluster.path)?;
        let child = cluster
            .command("postgres")
            .arg("-D")
            .arg(exposed.name())
            .arg("-k")
            .arg(&cluster.socket_folder)
            .args(["-c", "port=5432"])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .on("run", &cluster.binaries.bin_dir.join("postgres"))?;
        Ok(Self { child })
    }

    /// Waits until it answers. That has no limit as long as it runs: recovery takes the time that it takes.
    ///
    /// # Errors
    /// It ended.
    pub async fn ready(&mut self, cluster: &Cluster) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        let mut next_report = begin + Duration::from_secs(5);
        loop {
            let answer = timeout(Duration::from_secs(5), ask(&cluster.socket_folder)).await;
            if answer.unwrap_or(false) {
                return Ok(());
            }
            if let Ok(Some(_)) = self.child.try_wait() {
                if !waits_for_stragglers(cluster) || begin.elapsed() > STRAGGLERS {
                    return Err(failure(cluster));
                }
                sleep(Duration::from_millis(200)).await;
                *self = Self::spawn(cluster).await?;
            }
            if Instant::now() > next_report {
                next_report = Instant::now() + Duration::from_secs(5);
                let seconds = begin.elapsed().as_secs();
                tracing::info!(seconds, "Postgres is still starting; after a crash it first reads its log");
            }
            sleep(Duration::from_millis(15)).await;
        }
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops it in good order, or, where that takes too long, at once.
    pub async fn stop(mut self) {
        for (signal, patience) in PATIENCE {
            let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) else { return };
            // It may have ended by itself just now.
            let _ = kill(Pid::from_raw(pid), signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(pid, seconds = patience.as_secs(), "Postgres does not stop");
        }
    }
}

/// What the server says before its own logs are open.
const FIRST_WORDS: &str = "start.log";

/// Whether the server takes connections. Makes our database where it is missing.
async fn ask(socket_folder: &Path) -> bool {
    match tokio_postgres::connect(&socket::url(socket_folder, socket::NAME), NoTls).await {
        Ok(_) => true,
        Err(error) => match error.code() {
            Some(&SqlState::UNDEFINED_DATABASE) => make_database(socket_folder).await.is_ok(),
            Some(&SqlState::CANNOT_CONNECT_NOW) | None => false,
            // It answers, if only that it has too many connections.
            Some(_) => true,
        },
    }
}

async fn make_database(socket_folder: &Path) -> Result<(), tokio_postgres::Error> {
    let (client, connection) =
        tokio_postgres::connect(&socket::url(socket_folder, "postgres"), NoTls).await?;
    let connection = tokio::spawn(connection);
    let made = client.batch_execute(&format!("create database {}", socket::NAME)).await;
    drop(client);
    // Its end says nothing that `made` does not.
    let _ = connection.await;
    made
}

/// Whether the server refused to start because backends of a killed one are still there.
fn waits_for_stragglers(cluster: &Cluster) -> bool {
    last_words(cluster).contains("shared memory block")
}

fn failure(cluster: &Cluster) -> EmbeddedError {
    let output = last_words(cluster);
    EmbeddedError::full_disk(&output, &cluster.path)
        .unwrap_or_else(|| EmbeddedError::Start { output, log: cluster.log_folder() })
}

/// What the server that was started last complained about.
fn last_words(cluster: &Cluster) -> String {
    let Ok(log) = cluster.log() else { return String::new() };
    let read = |name: &str| log.read(name).unwrap_or_default();
    let mut text = read(FIRST_WORDS);
    if text.contains("logging collector") {
        let newest = fs::read_dir(cluster.log_folder())
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name() != FIRST_WORDS)
            .max_by_key(|entry| entry.metadata().and_then(|metadata| metadata.modified()).ok());
        let log = newest.map(|entry| read(&entry.file_name().to_string_lossy())).unwrap_or_default();
        let since_start = &log[log.rfind("starting PostgreSQL").unwrap_or(0)..];
        text = since_start.lines().filter(|line| !line.contains("LOG:")).collect::<Vec<_>>().join("\n");
    }
    let without_prefix = |line: &str| {
        let level = ["LOG:", "FATAL:", "PANIC:"].into_iter().find_map(|level| line.split_once(level));
        level.map_or(line, |(_, complaint)| complaint).trim().to_owned()
    };
    one_line(&text.lines().map(without_prefix).collect::<Vec<_>>().join("\n"))
}
