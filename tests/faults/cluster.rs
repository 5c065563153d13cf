//! A Postgres of a test's own, which can be stopped in the middle of everything, and whose clock can jump.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// Makes the clock of a program what a file says.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A cluster; dropped, it is killed and its files go.
pub struct Cluster {
    bin: PathBuf,
    folder: TempDir,
    /// Whose the files are, where this is root: Postgres refuses root.
    account: Option<User>,
    postgres: Option<Child>,
}

impl Cluster {
    /// Makes it, and starts it.
    pub async fn start() -> Self {
        let found = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres-bin")).output();
        let bin = String::from_utf8(found.expect("a script can be run").stdout).expect("a path");
        let folder = tempfile::Builder::new().prefix("annex-proof-").tempdir().expect("a temporary folder");
        let account = Uid::effective().is_root().then(|| {
            let named =
                ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
            named.expect("there is an account to run Postgres")
        });
        if let Some(account) = &account {
            chown(folder.path(), Some(account.uid.as_raw()), Some(account.gid.as_raw())).expect("it is ours");
        }
        let mut cluster = Self { bin: bin.trim().into(), folder, account, postgres: None };
        cluster.set_clock(0);
        let mut initdb = cluster.command("initdb");
        initdb.args(["--username", "annex", "--auth", "trust", "--encoding", "UTF8", "--no-sync", "-D"]);
        assert!(initdb.arg(cluster.data()).stdout(Stdio::null()).status().expect("it runs").success());
        cluster.resume().await;
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for the files of the programs that use it.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    fn clock(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
        if let Some(account) = &self.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command
    }

    /// Starts it again, and waits until it takes connections.
    pub async fn resume(&mut self) {
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        for setting in
            ["listen_addresses=", "port=5432", "max_connections=200", "wal_level=logical", "max_wal_size=4GB"]
        {
            postgres.args(["-c", setting]);
        }
        self.fake_clock(&mut postgres);
        self.postgres = Some(postgres.spawn().expect("Postgres can be started"));
        let begun = Instant::now();
        while self.connect().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "Postgres does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As `pg_ctl stop -m immediate`: nothing is written any more, and the next start recovers.
    pub fn stop_at_once(&mut self) {
        let mut postgres = self.postgres.take().expect("it runs");
        kill(Pid::from_raw(postgres.id() as i32), Signal::SIGQUIT).expect("it runs");
        postgres.wait().expect("it ends");
    }

    /// Lets the clock of it and of every program that it was given to be so many seconds ahead, within a second.
    pub fn set_clock(&self, ahead: i64) {
        fs::write(self.clock(), format!("{ahead:+}\n")).expect("it can be written");
    }

    /// Whether there is a clock that can be set: without libfaketime it is the machine's.
    pub fn has_clock(&self) -> bool {
        Path::new(FAKETIME).exists()
    }

    /// Gives a program this cluster's clock.
    pub fn fake_clock(&self, command: &mut Command) {
        if self.has_clock() {
            command
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME_TIMESTAMP_FILE", self.clock())
                .env("FAKETIME_CACHE_DURATION", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
    }

    pub fn url(&self) -> String {
        let host: String = self.folder.path().to_string_lossy().replace('/', "%2F");
        format!("postgres://annex@{host}:5432/postgres")
    }

    pub async fn connect(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect(&self.url()).await
    }

    /// What is asked of the database while it comes and goes.
    pub async fn value(&self, query: &'static str) -> Option<i64> {
        let mut connection = self.connect().await.ok()?;
        sqlx::query_scalar(query).fetch_one(&mut connection).await.ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.postgres.is_some() {
            self.stop_at_once();
        }
    }
}
