//! Who runs Postgres. It refuses root, so where Annex is root another account runs it and owns its folders.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

use super::error::{EmbeddedError, OnPath};

/// The account that runs Postgres and owns its folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// Chooses: whoever owns the `cluster` that is there; else ourselves; else, as root, `postgres` or `nobody`.
    ///
    /// # Errors
    /// The cluster is somebody else's, or root finds nobody.
    pub fn choose(cluster: &Path) -> Result<Self, EmbeddedError> {
        let we = Self::ourselves();
        let owner = fs::metadata(cluster).ok().map(|metadata| Self::owner(&metadata));
        match owner {
            Some(owner) if owner.uid == we.uid && we.uid != 0 => Ok(we),
            Some(owner) if we.uid != 0 => {
                Err(EmbeddedError::OtherOwner { path: cluster.to_owned(), owner: owner.name, we: we.name })
            }
            Some(owner) if owner.uid != 0 => Ok(owner),
            _ if we.uid != 0 => Ok(we),
            _ => ["postgres", "nobody"]
                .into_iter()
                .find_map(|name| User::from_name(name).ok().flatten())
                .map(Self::from)
                .ok_or(EmbeddedError::NoAccount),
        }
    }

    fn ourselves() -> Self {
        let (uid, gid) = (Uid::effective(), Gid::effective());
        Self { name: name_of(uid), uid: uid.as_raw(), gid: gid.as_raw() }
    }

    fn owner(metadata: &Metadata) -> Self {
        Self { name: name_of(Uid::from_raw(metadata.uid())), uid: metadata.uid(), gid: metadata.gid() }
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_us(&self) -> bool {
        self.uid == Uid::effective().as_raw()
    }

    /// Makes `command` run as this account, in a process group of its own: what a terminal sends to Annex (Ctrl-C)
    /// does not reach it before Annex has finished its requests.
    pub fn run(&self, command: &mut Command) {
        let command = command.as_std_mut();
        command.process_group(0);
        if !self.is_us() {
            // Supplementary groups are dropped along with root's uid.
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives it a folder that we made, in a folder of ours.
    pub fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        if self.is_us() {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).on("give away", path)
    }

    /// Gives it a file or folder that is open; `path` is for the error.
    pub fn own_open(&self, handle: &File, path: &Path) -> Result<(), EmbeddedError> {
        if self.is_us() {
            return Ok(());
        }
        fchown(handle, Some(self.uid), Some(self.gid)).on("give away", path)
    }

    /// Whether a file is its own.
    pub fn owns(&self, metadata: &Metadata) -> bool {
        metadata.uid() == self.uid
    }

    /// The first folder on the way to `path` that it may not pass through. Access control lists are not read: where
    /// they alone let it pass, the folder counts as closed.
    pub fn closed_folder(&self, path: &Path) -> Option<PathBuf> {
        if self.is_us() {
            return None;
        }
        let parents: Vec<&Path> = path.ancestors().skip(1).collect();
        parents.into_iter().rev().find(|folder| !self.may_pass(folder)).map(Path::to_owned)
    }

    fn may_pass(&self, folder: &Path) -> bool {
        fs::metadata(folder).is_ok_and(|metadata| {
            let bit = match () {
                () if metadata.uid() == self.uid => 0o100,
                () if metadata.gid() == self.gid => 0o010,
                () => 0o001,
            };
            metadata.mode() & bit != 0
        })
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }
    }
}

fn name_of(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
