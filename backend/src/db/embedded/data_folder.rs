//! The data folder: one Annex at a time, and never one that is older than what is in it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::error::{EmbeddedError, OnPath};

/// The format of what is in a data folder; goes up when an older Annex could no longer read it.
const FORMAT: u32 = 1;

/// A data folder that is ours alone until this is dropped, or the process ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Held, not read: the kernel lets go of the lock with the last handle, also after a kill -9.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, and takes it.
    ///
    /// # Errors
    /// Another Annex holds it, its format is newer, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self, EmbeddedError> {
        // Passing through is let to everyone, listing to nobody else: the account that runs Postgres is another one
        // where Annex is root, and what is below has modes of its own.
        DirBuilder::new().recursive(true).mode(0o711).create(path).on("make the data folder", path)?;
        let path = path.canonicalize().on("open the data folder", path)?;
        let lock = lock(&path)?;
        check_format(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the cluster is.
    pub fn cluster(&self) -> PathBuf {
        self.path.join("postgres")
    }
}

fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("annex.lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .on("open", &path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let pid = file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().parse().ok());
            return Err(EmbeddedError::InUse { data_dir: data_dir.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(error).on("lock", &path),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .on("write", &path)?;
    Ok(file)
}

fn check_format(data_dir: &Path) -> Result<(), EmbeddedError> {
    let path = data_dir.join("VERSION");
    match fs::read_to_string(&path) {
        Ok(found) if found.trim().parse().is_ok_and(|found: u32| found <= FORMAT) => Ok(()),
        Ok(found) if !found.trim().is_empty() => Err(EmbeddedError::NewerFormat {
            data_dir: data_dir.to_owned(),
            found: found.trim().to_owned(),
            known: FORMAT,
        }),
        // Empty is what a crash between making and writing it leaves.
        Ok(_) => fs::write(&path, format!("{FORMAT}\n")).on("write", &path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::write(&path, format!("{FORMAT}\n")).on("write", &path)
        }
        Err(error) => Err(error).on("read", &path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_folder() {
        let data_dir = tempfile::tempdir().expect("a temporary folder");
        let held = DataFolder::take(data_dir.path()).expect("nobody holds it yet");
        let message = DataFolder::take(data_dir.path()).expect_err("it is held").to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(message.contains("ANNEX_DATA_DIR"), "{message}");
        drop(held);
        DataFolder::take(data_dir.path()).expect("it was let go");
    }

    #[test]
    fn a_newer_format_is_refused_and_left_as_it_is() {
        let data_dir = tempfile::tempdir().expect("a temporary folder");
        let version = data_dir.path().join("VERSION");
        fs::write(&version, "2\n").expect("the folder can be written");
        let message = DataFolder::take(data_dir.path()).expect_err("the format is newer").to_string();
        assert!(message.contains("format 2") && message.contains("newer Annex"), "{message}");
        assert_eq!(fs::read_to_string(&version).expect("still there"), "2\n");
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("taken");
        fs::write(&path, "").expect("the folder can be written");
        let message = DataFolder::take(&path).expect_err("that is a file").to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
}
