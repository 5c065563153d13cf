//! Against real Postgres servers, as whoever runs the tests: the temporary folders are closed to everybody else, so
//! as root these also cover a data folder that the account of Postgres cannot reach.

mod crashes;

use std::env;
use std::fs::{self, Permissions};
use std::future::pending;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use super::account::Account;
use super::*;

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("annex-embedded-").tempdir().expect("a temporary folder")
}

fn options(data_dir: &Path) -> Options {
    Options { data_dir: data_dir.to_owned(), bin_dir: None }
}

async fn started(data_dir: &Path) -> Embedded {
    match start(options(data_dir), pending()).await {
        Ok(Some(embedded)) => embedded,
        Ok(None) => unreachable!("nobody gave up"),
        Err(error) => panic!("it did not start: {error}"),
    }
}

async fn refused(data_dir: &Path) -> String {
    match start(options(data_dir), pending()).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it takes connections");
    tokio::spawn(connection);
    client
}

async fn value(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.expect("the query is right").get(0)
}

async fn write_row(url: &str) {
    let client = connect(url).await;
    client
        .batch_execute("create table kept (id int); insert into kept values (42)")
        .await
        .expect("it is written");
}

async fn row_is_there(url: &str) {
    let client = connect(url).await;
    assert_eq!(value(&client, "select string_agg(id::text, ',') from kept").await, "42");
}

fn pid_file(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("postgres/postmaster.pid")
}

fn postmaster(data_dir: &Path) -> Pid {
    let text = fs::read_to_string(pid_file(data_dir)).expect("it runs");
    Pid::from_raw(text.lines().next().and_then(|line| line.parse().ok()).expect("its process is named"))
}

fn runs(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// This test program, running one of its ignored tests, as another account where one is given.
fn program(test: &str, data_dir: &Path, uid: Option<u32>) -> Command {
    let program = env::current_exe().expect("a test is a program");
    let mut command = match uid {
        None => Command::new(program),
        Some(uid) => {
            // The target folder may be closed to the other account.
            let reachable = env::temp_dir().join(format!("annex-embedded-program-{}", std::process::id()));
            if !reachable.exists() {
                fs::hard_link(&program, &reachable)
                    .or_else(|_| fs::copy(&program, &reachable).map(|_| ()))
                    .expect("it can be copied");
            }
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={uid}"))
                .arg("--clear-groups")
                .arg(reachable);
            command
        }
    };
    command
        .args(["--ignored", "--nocapture", "--exact", &format!("db::embedded::tests::{test}")])
        .env("ANNEX_TEST_DATA_DIR", data_dir)
        .current_dir("/")
        .stdin(Stdio::null());
    command
}

fn given_data_dir() -> std::path::PathBuf {
    env::var_os("ANNEX_TEST_DATA_DIR").expect("the test that runs this one names a folder").into()
}

#[tokio::test]
async fn a_fresh_folder_is_ready_in_seconds_and_keeps_its_rows() {
    let data_dir = folder();
    let begin = Instant::now();
    let embedded = started(data_dir.path()).await;
    println!("made and started in {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(20));

    let client = connect(embedded.database_url()).await;
    for (setting, expected) in [
        ("wal_level", "logical"),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("logging_collector", "on"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(value(&client, &format!("show {setting}")).await, expected, "{setting}");
    }
    let sorted = "select string_agg(word, ' ' order by word) from unnest(array['é', 'b', 'a', 'Z']) as word";
    assert_eq!(value(&client, sorted).await, "Z a b é");
    assert_eq!(value(&client, "select upper('é')").await, "É");
    drop(client);

    write_row(embedded.database_url()).await;
    let url = embedded.database_url().to_owned();
    embedded.stop().await;
    assert!(!pid_file(data_dir.path()).exists(), "it stopped in good order");

    let begin = Instant::now();
    let embedded = started(data_dir.path()).await;
    println!("started again in {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!(embedded.database_url(), url);
    row_is_there(&url).await;
    embedded.stop().await;
}

#[tokio::test]
async fn sqlx_reads_the_url_too() {
    let data_dir = folder();
    let embedded = started(data_dir.path()).await;
    let pool = sqlx::PgPool::connect(embedded.database_url()).await.expect("sqlx connects");
    let database: String =
        sqlx::query_scalar("select current_database()").fetch_one(&pool).await.expect("it answers");
    assert_eq!(database, "annex");
    pool.close().await;
    embedded.stop().await;
}

#[tokio::test]
async fn the_way_in_is_closed_to_everybody_else() {
    let data_dir = folder();
    fs::set_permissions(data_dir.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let embedded = started(data_dir.path()).await;
    for name in ["run", "postgres", "postgres/log"] {
        let mode = fs::metadata(data_dir.path().join(name)).expect("it was made").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
    embedded.stop().await;
}

#[tokio::test]
async fn a_second_annex_on_the_same_folder_is_refused() {
    let data_dir = folder();
    let embedded = started(data_dir.path()).await;
    let message = refused(data_dir.path()).await;
    assert!(message.contains(&format!("(process {})", std::process::id())), "{message}");
    // The first one did not notice.
    write_row(embedded.database_url()).await;
    embedded.stop().await;
}

#[tokio::test]
async fn an_annex_that_is_dropped_stops_its_postgres() {
    let data_dir = folder();
    let embedded = started(data_dir.path()).await;
    let pid = postmaster(data_dir.path());
    drop(embedded);
    until("Postgres ends", Duration::from_secs(10), async || !runs(pid)).await;
    // The folder is free again as soon as the server has ended.
    until("the folder is free", Duration::from_secs(2), async || {
        match start(options(data_dir.path()), pending()).await {
            Ok(Some(embedded)) => {
                embedded.stop().await;
                true
            }
            _ => false,
        }
    })
    .await;
}

#[tokio::test]
async fn giving_up_while_it_starts_leaves_nothing_running() {
    let data_dir = folder();
    for milliseconds in [1, 200, 400, 0, 20, 40] {
        let given_up = sleep(Duration::from_millis(milliseconds));
        if let Some(embedded) =
            start(options(data_dir.path()), given_up).await.expect("nothing is in the way")
        {
            embedded.stop().await;
        }
        assert!(!pid_file(data_dir.path()).exists(), "given up after {milliseconds} ms");
    }
    started(data_dir.path()).await.stop().await;
}

#[tokio::test]
async fn a_wrong_setting_of_the_users_is_told() {
    let data_dir = folder();
    started(data_dir.path()).await.stop().await;
    let conf = data_dir.path().join("postgres/postgresql.conf");
    let text = fs::read_to_string(&conf).expect("it was made");
    fs::write(&conf, format!("{text}\nshared_bufers = 1\n")).expect("the folder can be written");
    let message = refused(data_dir.path()).await;
    assert!(message.contains("shared_bufers"), "{message}");
    assert!(message.contains("postgres/log"), "{message}");

    fs::write(&conf, format!("{text}\nwork_mem = '3MB'\n")).expect("the folder can be written");
    let embedded = started(data_dir.path()).await;
    assert_eq!(
        value(&connect(embedded.database_url()).await, "show work_mem").await,
        "3MB",
        "the user's wins"
    );
    embedded.stop().await;
}

#[tokio::test]
#[ignore = "run as a plain user by a_plain_user_is_served_too"]
async fn starts_twice() {
    let data_dir = given_data_dir();
    let embedded = started(&data_dir).await;
    write_row(embedded.database_url()).await;
    embedded.stop().await;
    let embedded = started(&data_dir).await;
    row_is_there(embedded.database_url()).await;
    embedded.stop().await;
}

#[tokio::test]
#[ignore = "run as a plain user by a_plain_user_is_served_too"]
async fn is_refused_for_want_of_permission() {
    let message = refused(&given_data_dir()).await;
    println!("{message}");
    assert!(message.contains("not allowed to") || message.contains("belongs to root"), "{message}");
    assert!(message.contains("ANNEX_DATA_DIR") || message.contains("as root"), "{message}");
}

#[tokio::test]
async fn a_plain_user_is_served_too() {
    const NOBODY: u32 = 65534;
    if !Uid::effective().is_root() {
        println!("skipped: the other tests run as a plain user already");
        return;
    }
    let theirs = folder();
    chown(theirs.path(), Some(NOBODY), Some(NOBODY)).expect("we are root");
    let status = program("starts_twice", theirs.path(), Some(NOBODY)).status().expect("setpriv runs");
    assert!(status.success(), "as a plain user");

    // What root started and stopped in between is still theirs.
    let embedded = started(theirs.path()).await;
    row_is_there(embedded.database_url()).await;
    embedded.stop().await;

    let ours = folder();
    fs::set_permissions(ours.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let refusal =
        |data_dir: &Path| program("is_refused_for_want_of_permission", data_dir, Some(NOBODY)).status();
    assert!(refusal(ours.path()).expect("setpriv runs").success(), "a folder of root's");
    assert!(
        refusal(&ours.path().join("new")).expect("setpriv runs").success(),
        "a new folder in one of root's"
    );
    let program = env::temp_dir().join(format!("annex-embedded-program-{}", std::process::id()));
    fs::remove_file(program).expect("it was made above");
}

#[tokio::test]
async fn a_full_disk_is_named() {
    let data_dir = folder();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "none"]).arg(data_dir.path()).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        println!("skipped: a small disk cannot be mounted here");
        return;
    }
    let message = refused(data_dir.path()).await;
    let unmount = Command::new("umount").arg(data_dir.path()).status().expect("it was mounted");
    assert!(unmount.success());
    assert!(message.contains("is full"), "{message}");
}
