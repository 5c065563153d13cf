//! What an earlier run left: a Postgres that still runs after a kill -9 of Annex, or the file of one that does not.
//!
//! A Postgres that still runs is stopped and not adopted, so that there is one way to run one: as a child, of this
//! version, with these settings. Nothing is lost by it, and it takes a moment.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use super::cluster::Cluster;
use super::error::{EmbeddedError, OnPath};
use super::socket;

/// Postgres's own file, with its process's number first.
const PID_FILE: &str = "postmaster.pid";

/// Makes way for a new server.
///
/// # Errors
/// The old one does not stop, or its files cannot be removed.
pub async fn clear(cluster: &Cluster) -> Result<(), EmbeddedError> {
    if let Some(pid) = process_in_charge(cluster).await? {
        match Process::look_at(pid) {
            // Postgres recognises the file of a process that is gone.
            Process::Gone => {}
            Process::Alive if is_ours(pid, cluster) => stop(pid, cluster).await?,
            Process::Alive | Process::Zombie => disown(cluster)?,
        }
    }
    socket::clear(&cluster.socket_folder)
}

/// The process that the cluster's `postmaster.pid` names.
async fn process_in_charge(cluster: &Cluster) -> Result<Option<Pid>, EmbeddedError> {
    let path = cluster.path.join(PID_FILE);
    for last_look in [false, true] {
        match cluster.folder()?.read(PID_FILE) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).on("read", &path),
            Ok(text) => match text.lines().next().and_then(|line| line.trim().parse().ok()) {
                Some(pid) if pid > 0 => return Ok(Some(Pid::from_raw(pid))),
                // A server that starts this moment has not written its number yet; after a crash nobody ever will.
                _ if last_look => fs::remove_file(&path).on("remove", &path)?,
                _ => sleep(Duration::from_millis(500)).await,
            },
        }
    }
    Ok(None)
}

#[derive(Debug, PartialEq, Eq)]
enum Process {
    Gone,
    /// Ended, but nobody has asked how: in a container without an init it stays so.
    Zombie,
    Alive,
}

impl Process {
    fn look_at(pid: Pid) -> Self {
        if kill(pid, None) == Err(Errno::ESRCH) {
            return Self::Gone;
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in parentheses before the state, may itself have parentheses in it.
        match stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next()) {
            Some("Z" | "X") => Self::Zombie,
            _ => Self::Alive,
        }
    }
}

/// Whether a process is the server of this cluster, and not one that was given the same number since.
fn is_ours(pid: Pid, cluster: &Cluster) -> bool {
    let proc = format!("/proc/{pid}");
    if !Path::new("/proc/self").exists() {
        let output =
            std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
        return output.is_ok_and(|output| {
            let command = String::from_utf8_lossy(&output.stdout);
            command.contains("postgres") && command.contains(&*cluster.socket_folder.to_string_lossy())
        });
    }
    if fs::read_to_string(format!("{proc}/comm")).is_ok_and(|name| name.trim() != "postgres") {
        return false;
    }
    match (fs::metadata(format!("{proc}/cwd")), fs::metadata(&cluster.path)) {
        (Ok(theirs), Ok(ours)) => (theirs.dev(), theirs.ino()) == (ours.dev(), ours.ino()),
        // In a container even root may not look at another account's process; its command line is always shown.
        _ => fs::read(format!("{proc}/cmdline")).is_ok_and(|command| {
            let folder = cluster.socket_folder.as_os_str().as_encoded_bytes();
            command.split(|&byte| byte == 0).any(|argument| argument == folder)
        }),
    }
}

async fn stop(pid: Pid, cluster: &Cluster) -> Result<(), EmbeddedError> {
    tracing::info!(%pid, "Stopping the Postgres that an earlier Annex left running");
    for (signal, patience) in [(Signal::SIGINT, 30), (Signal::SIGQUIT, 10)] {
        // It may have ended by itself just now.
        let _ = kill(pid, signal);
        let until = Instant::now() + Duration::from_secs(patience);
        while Instant::now() < until {
            if Process::look_at(pid) != Process::Alive {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    Err(EmbeddedError::LeftBehind { pid: pid.as_raw().unsigned_abs(), path: cluster.path.clone() })
}

/// Takes the lock file from a process that is not Postgres, or is dead.
///
/// Removing it would also remove the mark by which Postgres finds backends of the old server that still have its
/// memory open. It takes a lock that its own parent holds for a stale one and then looks for that mark, so the
/// parent's number is put in.
fn disown(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let folder = cluster.folder()?;
    let text = folder.read(PID_FILE).on("read", &cluster.path.join(PID_FILE))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    folder.replace(PID_FILE, &format!("{}\n{rest}", std::process::id()))
}
