//! What can be seen of the embedded Postgres without touching it.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::{Options, cluster, socket};

/// How the embedded Postgres of a data folder stands.
#[derive(Debug)]
pub struct Inspection {
    /// The programs that would run it, or why none can.
    pub binaries: Result<Binaries, EmbeddedError>,
    /// The URL of its database, where it is running.
    pub database_url: Option<String>,
}

/// Looks at the embedded Postgres of a data folder.
pub fn inspect(options: &Options) -> Inspection {
    let path = options.data_dir.join("postgres");
    let binaries = cluster::made_by(&path).and_then(|made_by| {
        Binaries::find(options.bin_dir.as_deref(), made_by.map(|major| (path.as_path(), major)))
    });
    let database_url = socket_folder(&path).map(|folder| socket::url(&folder, socket::NAME));
    Inspection { binaries, database_url }
}

/// The folder of the socket of the server that is running, as its lock file says.
fn socket_folder(path: &Path) -> Option<PathBuf> {
    let lock = fs::read_to_string(path.join("postmaster.pid")).ok()?;
    let mut lines = lock.lines();
    let pid = lines.next()?.trim().parse().ok().filter(|&pid: &i32| pid > 0)?;
    kill(Pid::from_raw(pid), None).ok()?;
    lines.nth(3).map(PathBuf::from)
}
