//! The program `annex` itself, as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running `annex`; dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// The built program.
    ///
    /// # Panics
    /// It is not built.
    pub fn path() -> PathBuf {
        let test = std::env::current_exe().expect("a test knows its own file");
        let path = test.ancestors().nth(2).expect("tests are in target/<profile>/deps").join("annex");
        assert!(path.exists(), "{} is missing: run `cargo build --package annex`", path.display());
        path
    }

    /// The program with a clean environment, to be given arguments and settings.
    pub fn command() -> Command {
        let mut command = Command::new(Self::path());
        command.env_clear().stdin(Stdio::null());
        for kept in ["PATH", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some(source) = std::env::var_os("ANNEX_TEST_REALTIME_SOURCE") {
            command.env("ANNEX_REALTIME_SOURCE", source);
        }
        command
    }

    /// `annex serve` with those settings, once it listens.
    ///
    /// # Panics
    /// It ends, or does not listen within a minute.
    pub fn serve(settings: &[(&str, &str)]) -> Self {
        Self::start(Self::serving(settings))
    }

    /// The same, with its log in a file.
    ///
    /// # Panics
    /// As for [`Self::serve`].
    pub fn serve_logging(settings: &[(&str, &str)], log: File) -> Self {
        let mut command = Self::serving(settings);
        command.stderr(log);
        Self::start(command)
    }

    fn serving(settings: &[(&str, &str)]) -> Command {
        let mut command = Self::command();
        command.arg("serve").env("ANNEX_LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        command
    }

    /// `annex console` with those settings, once it listens.
    ///
    /// # Panics
    /// It ends, or does not listen within a minute.
    pub fn console(settings: &[(&str, &str)]) -> Self {
        let mut command = Self::command();
        command.arg("console").env("ANNEX_CONSOLE_LISTEN", "127.0.0.1:0").envs(settings.iter().copied());
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be run");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (said, address) = std::sync::mpsc::channel();
        // Reads on to the end, so that the program never waits for a reader.
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some(address) = listening(&line) {
                    let _ = said.send(address);
                }
            }
        });
        match address.recv_timeout(Duration::from_secs(60)) {
            Ok(address) => Self { child, address },
            Err(_) => {
                drop(child.kill());
                panic!("annex did not serve; it ended with {:?}", child.wait());
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// The process is gone.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("the program runs");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It has not ended by then.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let started = Instant::now();
        while started.elapsed() < within {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("annex did not end within {within:?}");
    }
}

/// The address in the line that says where it listens.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
