//! Folders that belong to the account that runs Postgres.
//!
//! Where Annex is root, that account must not lead it elsewhere: nothing here follows a symbolic link that stands
//! inside such a folder, and what is given away is given through an open handle.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::account::Account;
use super::error::{EmbeddedError, OnPath};

/// An open folder of the account's.
#[derive(Debug)]
pub struct Folder<'a> {
    path: PathBuf,
    handle: File,
    account: &'a Account,
}

impl<'a> Folder<'a> {
    /// Opens it. A link to it is followed: it stands outside, where the account is not trusted with anything that the
    /// folder's owner does not tell.
    ///
    /// # Errors
    /// It cannot be opened, or is not the account's.
    pub fn open(path: &Path, account: &'a Account) -> Result<Self, EmbeddedError> {
        let handle = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_DIRECTORY.bits())
            .open(path)
            .on("open", path)?;
        if !account.owns(&handle.metadata().on("look at", path)?) {
            let message = format!("it does not belong to {}", account.name());
            return Err(io::Error::new(ErrorKind::InvalidInput, message)).on("use", path);
        }
        Ok(Self { path: path.to_owned(), handle, account })
    }

    /// The folder of that name in it, made where there is none.
    ///
    /// # Errors
    /// Something else has the name, or it cannot be made.
    pub fn folder(&self, name: &str) -> Result<Self, EmbeddedError> {
        let path = self.path.join(name);
        match mkdirat(&self.handle, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(error) => Err(io::Error::from(error)).on("make the folder", &path)?,
        }
        let handle = self.at(name, OFlag::O_RDONLY | OFlag::O_DIRECTORY).on("open the folder", &path)?;
        self.account.own_open(&handle, &path)?;
        Ok(Self { path, handle, account: self.account })
    }

    /// A new file, in place of whatever has the name.
    ///
    /// # Errors
    /// What is there cannot be removed, or nothing can be written.
    pub fn new_file(&self, name: &str) -> Result<File, EmbeddedError> {
        let path = self.path.join(name);
        match unlinkat(&self.handle, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => Err(io::Error::from(error)).on("remove", &path)?,
        }
        let file = self.at(name, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL).on("write", &path)?;
        self.account.own_open(&file, &path)?;
        Ok(file)
    }

    /// Gives a file that text; nobody sees a part of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn replace(&self, name: &str, text: &str) -> Result<(), EmbeddedError> {
        let fresh = format!("{name}.new");
        self.new_file(&fresh)?.write_all(text.as_bytes()).on("write", &self.path.join(&fresh))?;
        renameat(&self.handle, fresh.as_str(), &self.handle, name)
            .map_err(io::Error::from)
            .on("write", &self.path.join(name))
    }

    /// Adds that text to a file that is there, and waits until the disk has it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&self, name: &str, text: &str) -> Result<(), EmbeddedError> {
        self.at(name, OFlag::O_WRONLY | OFlag::O_APPEND)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .on("write", &self.path.join(name))
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn read(&self, name: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        // A pipe in the file's place is not waited for.
        self.at(name, OFlag::O_RDONLY | OFlag::O_NONBLOCK)?.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn at(&self, name: &str, how: OFlag) -> io::Result<File> {
        let how = how | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let opened: OwnedFd = openat(&self.handle, name, how, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(File::from(opened))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    /// A folder of the account's, and one beside it that is not.
    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf, Account) {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let [theirs, ours] = ["theirs", "ours"].map(|name| parent.path().join(name));
        fs::create_dir(&theirs).expect("the folder can be written");
        fs::create_dir(&ours).expect("the folder can be written");
        let account = Account::choose(&parent.path().join("none")).expect("somebody runs Postgres");
        account.own(&theirs).expect("we may");
        (parent, theirs, ours, account)
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced_and_what_it_leads_to_left_alone() {
        let (_parent, theirs, ours, account) = folders();
        let secret = ours.join("secret");
        fs::write(&secret, "before").expect("the folder can be written");
        let before = fs::metadata(&secret).expect("it is there");
        for name in ["annex.conf.new", "annex.conf", "start.log"] {
            symlink(&secret, theirs.join(name)).expect("the folder can be written");
        }
        let folder = Folder::open(&theirs, &account).expect("it is theirs");
        folder.replace("annex.conf", "text").expect("it can be written");
        folder.new_file("start.log").expect("it can be written");

        assert_eq!(folder.read("annex.conf").expect("it was written"), "text");
        let written = fs::symlink_metadata(theirs.join("annex.conf")).expect("it was written");
        assert!(written.is_file() && account.owns(&written));
        assert_eq!(written.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&secret).expect("still there"), "before");
        let after = fs::metadata(&secret).expect("it is there");
        assert_eq!((after.uid(), after.mode()), (before.uid(), before.mode()));
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_is_refused() {
        let (_parent, theirs, ours, account) = folders();
        let before = fs::metadata(&ours).expect("it is there").uid();
        symlink(&ours, theirs.join("log")).expect("the folder can be written");
        let folder = Folder::open(&theirs, &account).expect("it is theirs");
        folder.folder("log").expect_err("it leads elsewhere");
        assert_eq!(fs::metadata(&ours).expect("it is there").uid(), before);
    }

    #[test]
    fn nothing_is_read_or_added_to_through_a_link() {
        let (_parent, theirs, ours, account) = folders();
        let secret = ours.join("secret");
        fs::write(&secret, "before").expect("the folder can be written");
        symlink(&secret, theirs.join("postmaster.pid")).expect("the folder can be written");
        let folder = Folder::open(&theirs, &account).expect("it is theirs");
        folder.read("postmaster.pid").expect_err("it leads elsewhere");
        folder.append("postmaster.pid", "after").expect_err("it leads elsewhere");
        assert_eq!(fs::read_to_string(&secret).expect("still there"), "before");
    }
}
