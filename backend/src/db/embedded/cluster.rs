//! The cluster's folder: made by `initdb` once, and given its settings at every start.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use tokio::process::Command;
use tokio::time::sleep;

use super::account::Account;
use super::binaries::Binaries;
use super::data_folder::DataFolder;
use super::error::{EmbeddedError, OnPath};
use super::theirs::Folder;
use super::{settings, socket};

/// A cluster, and everything that is needed to run it.
#[derive(Debug)]
pub struct Cluster {
    /// Its folder.
    pub path: PathBuf,
    /// Who runs it.
    pub account: Account,
    /// With what.
    pub binaries: Binaries,
    /// Where its socket is.
    pub socket_folder: PathBuf,
}

impl Cluster {
    /// Opens the cluster of a data folder; makes it where there is none.
    ///
    /// # Errors
    /// Postgres is missing or of another version, or the folder cannot be used.
    pub async fn open(folder: &DataFolder, bin_dir: Option<&Path>) -> Result<Self, EmbeddedError> {
        let path = folder.cluster();
        let account = Account::choose(&path)?;
        let made_by = made_by(&path)?;
        let binaries = Binaries::find(bin_dir, made_by.map(|major| (path.as_path(), major)))?;
        let socket_folder = socket::make_folder(folder.path(), &account)?;
        let cluster = Self { path, account, binaries, socket_folder };
        cluster.remove_half_made(folder, Duration::ZERO).await?;
        if made_by.is_none() {
            cluster.make(folder).await?;
            // The `initdb` of a killed run may have gone on writing until now.
            cluster.remove_half_made(folder, Duration::from_secs(3)).await?;
        }
        Ok(cluster)
    }

    /// Removes what killed runs left of clusters that were not finished; what still grows is tried again for as long as
    /// `patience` says.
    async fn remove_half_made(&self, folder: &DataFolder, patience: Duration) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        loop {
            let mut left = None;
            for entry in fs::read_dir(folder.path()).on("list", folder.path())?.flatten() {
                if entry.file_name().to_string_lossy().starts_with(HALF_MADE) {
                    left = fs::remove_dir_all(entry.path()).err().map(|error| (entry.path(), error)).or(left);
                }
            }
            match left {
                Some(_) if begin.elapsed() < patience => sleep(Duration::from_millis(100)).await,
                Some((path, error)) => {
                    tracing::debug!(folder = %path.display(), %error, "An unfinished database is still there");
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    /// Makes the cluster beside its place and moves it there when it is whole.
    async fn make(&self, folder: &DataFolder) -> Result<(), EmbeddedError> {
        tracing::info!(
            folder = %self.path.display(),
            postgres = self.binaries.major,
            "Making the database; this is done once"
        );
        // A name of its own: the `initdb` of a killed run may still be writing into another one.
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let half_made = folder.path().join(format!("{HALF_MADE}{}-{run}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&half_made).on("make the folder", &half_made)?;
        self.account.own(&half_made)?;
        self.initdb(&half_made).await?;

        let include = "\n# Annex writes annex.conf at every start; what stands below this line wins over it.\n\
                       include = 'annex.conf'\n";
        Folder::open(&half_made, &self.account)?.append("postgresql.conf", include)?;

        fs::rename(&half_made, &self.path).on("move the new database to", &self.path)?;
        File::open(folder.path()).and_then(|folder| folder.sync_all()).on("write", folder.path())
    }

    async fn initdb(&self, half_made: &Path) -> Result<(), EmbeddedError> {
        let mut output = String::new();
        for character_type in ["C.UTF-8", "C"] {
            let exposed = self.expose(half_made)?;
            let result = self
                .command("initdb")
                .args(initdb_arguments(self.binaries.major, character_type))
                .arg("--pgdata")
                .arg(exposed.name())
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output()
                .await
                .on("run", &self.binaries.bin_dir.join("initdb"))?;
            if result.status.success() {
                return Ok(());
            }
            output = one_line(&String::from_utf8_lossy(&result.stderr));
            if !output.contains("locale") {
                break;
            }
        }
        Err(EmbeddedError::full_disk(&output, half_made)
            .unwrap_or_else(|| EmbeddedError::Initdb { path: self.path.clone(), output }))
    }

    /// Writes the settings that Annex needs.
    pub fn write_settings(&self) -> Result<(), EmbeddedError> {
        self.folder()?.replace("annex.conf", &settings::text())
    }

    /// Its folder.
    pub fn folder(&self) -> Result<Folder<'_>, EmbeddedError> {
        Folder::open(&self.path, &self.account)
    }

    /// The folder of the server's logs, made where there is none.
    pub fn log(&self) -> Result<Folder<'_>, EmbeddedError> {
        self.folder()?.folder(LOG)
    }

    /// Where the server's logs are: a file for each day of the week.
    pub fn log_folder(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// One of Postgres's programs, to be run as the cluster's account, knowing nothing of Annex's environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.bin_dir.join(program));
        self.account.run(&mut command);
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// A name for a folder that the account can use even where the way to it is closed, as it is below root's home.
    pub fn expose(&self, folder: &Path) -> Result<Exposed, EmbeddedError> {
        let Some(closed) = self.account.closed_folder(folder) else {
            return Ok(Exposed { name: folder.to_owned(), _handle: None });
        };
        if !Path::new("/proc/self/fd").is_dir() {
            let account = self.account.name().to_owned();
            return Err(EmbeddedError::Unreachable { account, path: folder.to_owned(), closed });
        }
        let handle = File::open(folder).on("open", folder)?;
        fcntl(&handle, FcntlArg::F_SETFD(FdFlag::empty()))
            .map_err(std::io::Error::from)
            .on("hand over", folder)?;
        let name = format!("/proc/self/fd/{}", handle.as_raw_fd()).into();
        Ok(Exposed { name, _handle: Some(handle) })
    }
}

/// A folder under a name that a child process can use; to be kept until that is spawned.
pub struct Exposed {
    name: PathBuf,
    /// Inherited by the child.
    _handle: Option<File>,
}

impl Exposed {
    /// The name.
    pub fn name(&self) -> &Path {
        &self.name
    }
}

/// The name of the folder of the logs.
const LOG: &str = "log";

/// What the names of unfinished clusters begin with.
const HALF_MADE: &str = "postgres.unfinished-";

/// The major version that made the cluster, where there is one.
pub fn made_by(path: &Path) -> Result<Option<u32>, EmbeddedError> {
    let version = path.join("PG_VERSION");
    match fs::read_to_string(&version) {
        Ok(major) => {
            let not_a_cluster = || EmbeddedError::NotACluster { path: path.to_owned() };
            major.trim().parse().map(Some).map_err(|_| not_a_cluster())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_dir(path).map(Iterator::count) {
            // An empty folder, as a container's volume is at first, is replaced.
            Ok(0) => Ok(None),
            Ok(_) => Err(EmbeddedError::NotACluster { path: path.to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).on("open", path),
        },
        Err(error) => Err(error).on("read", &version),
    }
}

/// Text sorts by code point and knows the letters of every language, on every machine alike.
fn initdb_arguments(major: u32, character_type: &str) -> Vec<String> {
    let mut arguments = vec![
        format!("--username={}", socket::NAME),
        "--auth-local=trust".to_owned(),
        "--auth-host=reject".to_owned(),
        "--encoding=UTF8".to_owned(),
        "--locale=C".to_owned(),
        format!("--lc-ctype={character_type}"),
        "--data-checksums".to_owned(),
        "--no-instructions".to_owned(),
    ];
    if major >= 17 {
        arguments.extend(["--locale-provider=builtin".to_owned(), "--builtin-locale=C.UTF-8".to_owned()]);
    }
    arguments
}

/// What a program complained about, for an error's sentence.
pub fn one_line(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(6);
    lines[from..].join("; ")
}
