//! What the machine must give: a port, a folder with room in it, and Postgres's programs where they are needed.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::{Check, State};
use crate::config;
use crate::db::embedded::{Binaries, EmbeddedError};

const GIB: u64 = 1 << 30;

/// Below the first the database may stop at any moment, below the second before long.
const LEAST_SPACE: u64 = GIB / 2;
const LITTLE_SPACE: u64 = 5 * GIB;

pub async fn port(server: &config::Server) -> Check {
    let address = server.listen;
    let Err(error) = TcpListener::bind(address) else {
        return Check::good("port", format!("{address} is free"));
    };
    match error.kind() {
        ErrorKind::AddrInUse if answers_as_annex(address).await => {
            Check::good("port", format!("an Annex is serving at {address}"))
        }
        ErrorKind::AddrInUse => Check::failed(
            "port",
            format!("{address} is used by another program"),
            "Stop that program, or set ANNEX_LISTEN to another port, such as 127.0.0.1:8081.",
        ),
        ErrorKind::PermissionDenied => Check::failed(
            "port",
            format!("this account may not listen on {address}"),
            "Set ANNEX_LISTEN to a port from 1024 on, and put a proxy before it.",
        ),
        ErrorKind::AddrNotAvailable => Check::failed(
            "port",
            format!("{} is not an address of this machine", address.ip()),
            "Set ANNEX_LISTEN to one that is, such as 127.0.0.1:8080, or 0.0.0.0:8080 for all of them.",
        ),
        _ => Check::failed("port", format!("{address}: {error}"), "Set ANNEX_LISTEN to another address."),
    }
}

async fn answers_as_annex(address: std::net::SocketAddr) -> bool {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
    let Ok(client) = client else { return false };
    let answer = client.get(format!("http://{address}/healthz")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success() && answer.headers().contains_key("x-request-id"))
}

pub fn data_folder(data_dir: &Path) -> Check {
    let existing = existing(data_dir);
    let shown = data_dir.display();
    if !existing.is_dir() {
        return Check::failed(
            "data folder",
            format!("{shown} cannot be made: {} is a file", existing.display()),
            "Name another folder in ANNEX_DATA_DIR.",
        );
    }
    match access(existing, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) if existing == data_dir => Check::good("data folder", format!("{shown} can be written")),
        Ok(()) => Check::good("data folder", format!("{shown} can be made")),
        Err(error) => Check::failed(
            "data folder",
            format!("{} cannot be written: {}", existing.display(), error.desc()),
            "Start Annex as the folder's owner, or name another folder in ANNEX_DATA_DIR.",
        ),
    }
}

pub fn disk(data_dir: &Path) -> Option<Check> {
    let disk = statvfs(existing(data_dir)).ok()?;
    let free = disk.blocks_available() as u64 * disk.fragment_size() as u64;
    let found = format!("{:.1} GiB free for {}", free as f64 / GIB as f64, data_dir.display());
    let mend = "Free some space, or name a folder on a larger disk in ANNEX_DATA_DIR.";
    Some(match free {
        ..LEAST_SPACE => Check::failed("disk", found, mend),
        LEAST_SPACE..LITTLE_SPACE => Check::warning("disk", found, mend),
        _ => Check::good("disk", found),
    })
}

pub fn postgres_programs(binaries: Result<Binaries, EmbeddedError>) -> Check {
    match binaries {
        Ok(binaries) => {
            Check::good("programs", format!("Postgres {} in {}", binaries.major, binaries.bin_dir.display()))
        }
        // The sentence says what to do itself.
        Err(error) => Check { name: "programs", state: State::Failed, found: error.to_string(), mend: None },
    }
}

/// The folder itself, or the nearest one above it that is there.
fn existing(path: &Path) -> &Path {
    let nearest = path.ancestors().find(|folder| folder.symlink_metadata().is_ok());
    nearest.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_good() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(data_folder(&parent.path().join("a/b")).state, State::Good);
        assert_eq!(disk(&parent.path().join("a/b")).map(|check| check.name), Some("disk"));
        assert_eq!(data_folder(Path::new("annex-data-that-is-not-there")).state, State::Good);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(parent.path().join("file"), "").expect("the folder can be written");
        let check = data_folder(&parent.path().join("file/data"));
        assert_eq!(check.state, State::Failed);
        assert!(check.found.contains("is a file"), "{}", check.found);
    }
}
