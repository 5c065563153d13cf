//! The server and its console, as `make run` starts them: they stand and fall together.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use annex_tests::Program;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::embedded::{folder, postmaster};

/// How long starting and stopping may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

struct Both {
    script: Child,
    console: SocketAddr,
    server: SocketAddr,
}

impl Both {
    /// Starts them in a process group of their own, as a shell does.
    fn start(data_dir: &Path, console: &TempDir) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/start");
        let annex = Program::command();
        // Whoever runs the tests may ignore Ctrl-C, and a shell that inherits that cannot hear it.
        let mut command = Command::new("env");
        command
            .arg("--default-signal")
            .arg(script)
            .env_clear()
            .envs(annex.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.arg(annex.get_program()).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("ANNEX_DATA_DIR", data_dir).env("ANNEX_CONSOLE_DIR", console.path());
        command.env("ANNEX_LISTEN", "127.0.0.1:0").env("ANNEX_CONSOLE_LISTEN", "127.0.0.1:0");
        let mut script = command.spawn().expect("the script can be run");
        let mut lines = BufReader::new(script.stdout.take().expect("its output is piped")).lines();
        let (mut console, mut server) = (None, None);
        while console.is_none() || server.is_none() {
            let line = lines.next().expect("both say where they are").expect("it is text");
            let address = || line.split_once("http://")?.1.split_whitespace().next()?.parse().ok();
            match line.split_whitespace().next() {
                Some("Console") => console = address(),
                Some("API") => server = address(),
                _ => {}
            }
        }
        // Reads on to the end, so that nobody waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { script, console: console.expect("it was said"), server: server.expect("it was said") }
    }

    fn group(&self) -> Pid {
        Pid::from_raw(self.script.id() as i32)
    }

    /// The processes that the script has started, the server last.
    fn children(&self) -> Vec<Pid> {
        let id = self.script.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it runs");
        children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().expect("a number"))).collect()
    }

    /// Waits until the script has ended, and demands that nothing of it is left.
    fn ended(mut self) -> ExitStatus {
        let begin = Instant::now();
        while self.script.try_wait().expect("a child can be waited for").is_none() {
            assert!(begin.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(killpg(self.group(), None), Err(nix::errno::Errno::ESRCH), "something is left");
        for address in [self.console, self.server] {
            assert!(TcpStream::connect(address).is_err(), "{address} is still listened on");
        }
        self.script.wait().expect("it ended")
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        if self.script.try_wait().is_ok_and(|ended| ended.is_none()) {
            killpg(self.group(), Signal::SIGKILL).ok();
            drop(self.script.wait());
        }
    }
}

#[test]
fn what_was_started_together_ends_together() {
    let data_dir = folder();
    let console = tempfile::tempdir().expect("a folder can be made");
    fs::write(console.path().join("index.html"), "<html><head></head></html>")
        .expect("a file can be written");

    // Ctrl-C.
    let both = Both::start(data_dir.path(), &console);
    killpg(both.group(), Signal::SIGINT).expect("they run");
    assert_eq!(both.ended().code(), Some(130));
    assert_eq!(postmaster(data_dir.path()), None);

    // The server is killed: the console ends too, and the next start is not in the way of what is left.
    let both = Both::start(data_dir.path(), &console);
    kill(*both.children().last().expect("there are two"), Signal::SIGKILL).expect("it runs");
    assert_eq!(both.ended().code(), Some(137));

    let both = Both::start(data_dir.path(), &console);
    assert!(TcpStream::connect(both.server).is_ok() && TcpStream::connect(both.console).is_ok());
    kill(both.group(), Signal::SIGTERM).expect("it runs");
    assert_eq!(both.ended().code(), Some(143));
    assert_eq!(postmaster(data_dir.path()), None);
}
