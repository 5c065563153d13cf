//! The server with its own Postgres: started as whoever there is, killed, crowded out, and started again.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use annex_tests::Program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use tempfile::TempDir;

pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("annex-program-").tempdir().expect("a temporary folder")
}

fn serve(data_dir: &Path) -> Program {
    Program::serve(&[("ANNEX_DATA_DIR", &data_dir.to_string_lossy())])
}

#[tokio::test]
async fn it_has_nothing_to_warn_of_where_it_is_stopped() {
    let data_dir = folder();
    let log = data_dir.path().join("log");
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGINT] {
        let settings = [("ANNEX_DATA_DIR", &*data_dir.path().to_string_lossy())];
        let file = fs::File::create(&log).expect("a file can be made");
        let mut annex = Program::serve_logging(&settings, file);
        assert_eq!(ready(annex.address).await, Some(200));
        annex.signal(signal);
        assert!(annex.wait(Duration::from_secs(15)).success(), "{signal}");
        let said = fs::read_to_string(&log).expect("it can be read");
        assert!(said.contains("Stopping once"), "{said}");
        assert!(!said.lines().any(|line| !line.contains("\"level\":\"INFO\"")), "{signal}: {said}");
        assert_eq!(postmaster(data_dir.path()), None);
    }
}

/// What `annex serve` says when it does not start.
fn refusal(data_dir: &Path, listen: &str) -> String {
    let mut command = Program::command();
    command.arg("serve").env("ANNEX_LISTEN", listen).env("ANNEX_DATA_DIR", data_dir);
    let output = command.output().expect("the program can be run");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines()
        .find(|line| line.starts_with("annex: "))
        .unwrap_or_else(|| panic!("no sentence in {said}"))
        .to_owned()
}

pub fn postmaster(data_dir: &Path) -> Option<Pid> {
    let lock = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    lock.lines().next()?.parse().ok().map(Pid::from_raw)
}

async fn ready(address: SocketAddr) -> Option<u16> {
    let answer = reqwest::get(format!("http://{address}/readyz")).await.ok()?;
    Some(answer.status().as_u16())
}

async fn ready_within(address: SocketAddr, limit: Duration) {
    let begin = Instant::now();
    while ready(address).await != Some(200) {
        assert!(begin.elapsed() < limit, "not ready within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn it_serves_stops_and_serves_again() {
    let data_dir = folder();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut annex = serve(data_dir.path());
        assert_eq!(ready(annex.address).await, Some(200));
        annex.signal(signal);
        assert!(annex.wait(Duration::from_secs(15)).success(), "{signal}");
        assert_eq!(postmaster(data_dir.path()), None, "Postgres was stopped too");
    }
}

#[tokio::test]
async fn kill_9_leaves_nothing_that_blocks_the_next_start() {
    let data_dir = folder();
    for _ in 0..3 {
        let mut annex = serve(data_dir.path());
        assert_eq!(ready(annex.address).await, Some(200));
        annex.signal(Signal::SIGKILL);
        annex.wait(Duration::from_secs(5));
    }
    let mut annex = serve(data_dir.path());
    annex.signal(Signal::SIGTERM);
    assert!(annex.wait(Duration::from_secs(15)).success());
}

#[tokio::test]
async fn kill_9_while_the_database_is_made_leaves_nothing_that_blocks_the_next_start() {
    let data_dir = folder();
    for milliseconds in [100, 300, 500, 700, 900] {
        let mut command = Program::command();
        command.arg("serve").env("ANNEX_LISTEN", "127.0.0.1:0").env("ANNEX_DATA_DIR", data_dir.path());
        let mut annex =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be run");
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        annex.kill().expect("it runs");
        annex.wait().expect("it ended");
    }
    let mut annex = serve(data_dir.path());
    assert_eq!(ready(annex.address).await, Some(200));
    annex.signal(Signal::SIGTERM);
    assert!(annex.wait(Duration::from_secs(15)).success());
    let left: Vec<_> = fs::read_dir(data_dir.path()).expect("it is there").flatten().collect();
    assert!(!left.iter().any(|entry| entry.file_name().to_string_lossy().contains("unfinished")), "{left:?}");
}

#[tokio::test]
async fn a_postgres_that_dies_is_back_within_seconds() {
    let data_dir = folder();
    let mut annex = serve(data_dir.path());
    ready_within(annex.address, Duration::from_secs(5)).await;
    for _ in 0..3 {
        let postgres = postmaster(data_dir.path()).expect("it runs");
        kill(postgres, Signal::SIGKILL).expect("it runs");
        ready_within(annex.address, Duration::from_secs(10)).await;
        // The answer may have come from a backend that had not noticed yet.
        let begin = Instant::now();
        while postmaster(data_dir.path()) == Some(postgres) {
            assert!(begin.elapsed() < Duration::from_secs(10), "it is started again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ready_within(annex.address, Duration::from_secs(10)).await;
    }
    annex.signal(Signal::SIGTERM);
    assert!(annex.wait(Duration::from_secs(15)).success());
}

#[tokio::test]
async fn a_second_annex_on_the_folder_is_refused_with_the_first_ones_number() {
    let data_dir = folder();
    let annex = serve(data_dir.path());
    let said = refusal(data_dir.path(), "127.0.0.1:0");
    assert!(
        said.contains(&format!("(process {})", annex.pid())) && said.contains("ANNEX_DATA_DIR"),
        "{said}"
    );
    assert_eq!(ready(annex.address).await, Some(200), "the first one did not notice");
    let mut annex = annex;
    annex.signal(Signal::SIGTERM);
    annex.wait(Duration::from_secs(15));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_leaves_no_postgres() {
    let data_dir = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let said = refusal(data_dir.path(), &address);
    assert!(said.contains(&address) && said.contains("ANNEX_LISTEN"), "{said}");
    assert_eq!(postmaster(data_dir.path()), None);
}

#[tokio::test]
async fn a_folder_of_a_newer_annex_is_refused() {
    let data_dir = folder();
    fs::write(data_dir.path().join("VERSION"), "7\n").expect("the folder can be written");
    let said = refusal(data_dir.path(), "127.0.0.1:0");
    assert!(said.contains("format 7") && said.contains("newer"), "{said}");
}

#[tokio::test]
async fn no_postgres_programs_is_told_with_what_to_install() {
    let data_dir = folder();
    let nothing = folder();
    let mut command = Program::command();
    command.arg("serve").env("ANNEX_LISTEN", "127.0.0.1:0").env("ANNEX_DATA_DIR", data_dir.path());
    let output = command.env("ANNEX_PG_BIN", nothing.path()).output().expect("the program can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ANNEX_PG_BIN") && said.contains("initdb"), "{said}");
}

#[tokio::test]
async fn a_plain_user_may_start_it() {
    const NOBODY: u32 = 65534;
    if !Uid::effective().is_root() {
        println!("skipped: the other tests run as a plain user already");
        return;
    }
    let place = folder();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let program = place.path().join("annex");
    fs::hard_link(Program::path(), &program)
        .or_else(|_| fs::copy(Program::path(), &program).map(|_| ()))
        .expect("it can be copied");
    let data_dir = place.path().join("data");
    fs::create_dir(&data_dir).expect("it is ours");
    chown(&data_dir, Some(NOBODY), Some(NOBODY)).expect("we are root");

    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port is free").port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut annex = Command::new("setpriv")
        .args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()])
        .arg(&program)
        .arg("serve")
        .env("ANNEX_LISTEN", address.to_string())
        .env("ANNEX_DATA_DIR", &data_dir)
        .stdout(Stdio::null())
        .spawn()
        .expect("setpriv runs");
    ready_within(address, Duration::from_secs(30)).await;
    kill(Pid::from_raw(annex.id().cast_signed()), Signal::SIGINT).expect("it runs");
    assert!(annex.wait().expect("it ends").success());
    assert_eq!(postmaster(&data_dir), None);
}
