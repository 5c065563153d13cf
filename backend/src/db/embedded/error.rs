//! What can go wrong with the embedded Postgres, each as a sentence that says what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The embedded Postgres cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No `postgres` and `initdb` anywhere.
    #[error(
        "No Postgres server programs were found (looked in {}). Install them (Debian: apt-get install postgresql), \
         name their folder in ANNEX_PG_BIN, or set ANNEX_DATABASE_URL to a Postgres that runs already.",
        list(.searched)
    )]
    NoBinaries {
        /// The folders that were looked into.
        searched: Vec<PathBuf>,
    },

    /// The folder that was named has no Postgres in it.
    #[error(
        "ANNEX_PG_BIN is {}, but there is no Postgres server that can be run in it. Name the folder that has \
         `postgres` and `initdb` in it, such as /usr/lib/postgresql/17/bin.",
        .bin_dir.display()
    )]
    NotBinaries {
        /// The folder.
        bin_dir: PathBuf,
    },

    /// Every Postgres that is there is too old.
    #[error(
        "Postgres {found} was found in {}, but Annex needs {} or newer. Install a newer one, or name its folder in \
         ANNEX_PG_BIN.",
        .bin_dir.display(), super::LEAST_MAJOR
    )]
    TooOld {
        /// Its major version.
        found: u32,
        /// Where it is.
        bin_dir: PathBuf,
    },

    /// The cluster was made by a Postgres that is not there.
    #[error(
        "The database in {} was made by Postgres {cluster}, and only {} was found. Install Postgres {cluster} beside \
         it (Debian: apt-get install postgresql-{cluster}), or name its folder in ANNEX_PG_BIN.",
        .path.display(), list(.found)
    )]
    OtherVersion {
        /// The cluster's folder.
        path: PathBuf,
        /// The major version that made it.
        cluster: u32,
        /// The major versions that are there.
        found: Vec<u32>,
    },

    /// Another Annex holds the data folder.
    #[error(
        "Another Annex{} is running on the data folder {}. Stop that one first, or give this one a folder of its own \
         with ANNEX_DATA_DIR.",
        process(.pid), .data_dir.display()
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// The other one's process, where it said so.
        pid: Option<u32>,
    },

    /// The data folder was written by a newer Annex.
    #[error(
        "The data folder {} has format {found}, and this Annex knows formats up to {known}. Start the newer Annex that \
         wrote it, or name another folder in ANNEX_DATA_DIR.",
        .data_dir.display()
    )]
    NewerFormat {
        /// The data folder.
        data_dir: PathBuf,
        /// Its format.
        found: String,
        /// The newest format that this program knows.
        known: u32,
    },

    /// Something else stands where the cluster should be.
    #[error(
        "{} is not a Postgres cluster, though it is not empty. Move it away, or name another data folder in \
         ANNEX_DATA_DIR.",
        .path.display()
    )]
    NotACluster {
        /// The folder.
        path: PathBuf,
    },

    /// The cluster belongs to another account.
    #[error(
        "The database in {} belongs to {owner}, and Annex was started as {we}. Start it as {owner} or as root, or give \
         the folder to {we} (chown -R {we} {}).",
        .path.display(), .path.display()
    )]
    OtherOwner {
        /// The cluster's folder.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who we are.
        we: String,
    },

    /// Started as root, and there is nobody to run Postgres as.
    #[error(
        "Postgres refuses to run as root, and there is neither an account `postgres` nor `nobody` to run it as. Make \
         one (useradd --system postgres), or start Annex as a plain user."
    )]
    NoAccount,

    /// Started as root, and the account that runs Postgres cannot get at the folder.
    #[error(
        "Postgres runs as the account {account}, which may not pass through {} to reach {}. Allow it (chmod o+x {}), \
         or name a folder that it can reach in ANNEX_DATA_DIR, such as /var/lib/annex.",
        .closed.display(), .path.display(), .closed.display()
    )]
    Unreachable {
        /// Who runs Postgres.
        account: String,
        /// What it should reach.
        path: PathBuf,
        /// The folder that is closed to it.
        closed: PathBuf,
    },

    /// The folder for the socket cannot be trusted.
    #[error(
        "{} should be the private folder of the database's socket, but belongs to somebody else. Remove it, or set \
         TMPDIR to a folder of your own.",
        .path.display()
    )]
    ForeignSocketFolder {
        /// The folder.
        path: PathBuf,
    },

    /// `initdb` failed.
    #[error("Postgres could not make its cluster in {}: {output}", .path.display())]
    Initdb {
        /// Where.
        path: PathBuf,
        /// What it said.
        output: String,
    },

    /// `postgres` ended before it was ready.
    #[error("Postgres did not start: {output} (More may be said in {}.)", .log.display())]
    Start {
        /// What it said.
        output: String,
        /// The folder of its logs.
        log: PathBuf,
    },

    /// A Postgres that an earlier Annex left behind does not end.
    #[error(
        "A Postgres (process {pid}) that an earlier Annex left behind on {} does not stop. Stop it (kill -QUIT {pid}) \
         and start again.",
        .path.display()
    )]
    LeftBehind {
        /// Its process.
        pid: u32,
        /// The cluster's folder.
        path: PathBuf,
    },

    /// A file or folder cannot be used.
    #[error("Cannot {doing} {}: {}.", .path.display(), explain(.source))]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// The disk is full.
    #[error("The disk that holds {} is full. Free some space and start again; nothing is lost.", .path.display())]
    DiskFull {
        /// The data folder.
        path: PathBuf,
    },
}

impl EmbeddedError {
    /// What `initdb` or `postgres` said, as an error: some causes have a sentence of their own.
    pub(super) fn full_disk(output: &str, path: &Path) -> Option<Self> {
        output.contains("No space left on device").then(|| Self::DiskFull { path: path.to_owned() })
    }
}

/// Says on which path an operation failed.
pub(super) trait OnPath<T> {
    /// `doing` is a verb that the path follows: "open", "make the folder".
    fn on(self, doing: &'static str, path: &Path) -> Result<T, EmbeddedError>;
}

impl<T> OnPath<T> for io::Result<T> {
    fn on(self, doing: &'static str, path: &Path) -> Result<T, EmbeddedError> {
        self.map_err(|source| match source.kind() {
            ErrorKind::StorageFull => EmbeddedError::DiskFull { path: path.to_owned() },
            _ => EmbeddedError::File { doing, path: path.to_owned(), source },
        })
    }
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "this account is not allowed to; start Annex as the folder's owner, or name another folder in ANNEX_DATA_DIR"
                .to_owned()
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; name a folder that can be written in ANNEX_DATA_DIR".to_owned()
        }
        ErrorKind::NotADirectory => "a part of that path is a file; name another folder in ANNEX_DATA_DIR".to_owned(),
        _ => error.to_string(),
    }
}

fn process(pid: &Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

trait Listed {
    fn text(&self) -> String;
}

impl Listed for PathBuf {
    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Listed for u32 {
    fn text(&self) -> String {
        self.to_string()
    }
}

fn list(items: &[impl Listed]) -> String {
    items.iter().map(Listed::text).collect::<Vec<_>>().join(", ")
}
