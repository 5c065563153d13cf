//! What befalls those that run jobs: every two seconds one is killed, or sleeps past its life; clocks jump.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use annex_tests::Program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::Cluster;

/// How often somebody is killed, and how often a clock jumps.
const KILL: Duration = Duration::from_secs(2);
const JUMP: Duration = Duration::from_secs(7);
/// How long who sleeps does so; it is believed to live for 4 s.
const SLEEP: Duration = Duration::from_secs(6);
/// How many seconds clocks are ahead, one after the other.
const JUMPS: [i64; 6] = [0, 3600, -1800, 60, 86_400, 0];
/// How long the last ones have to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// `annex serve` or `annex worker` as a process of its own.
pub(super) struct Process {
    child: Child,
    command: &'static str,
}

impl Process {
    pub(super) fn start(cluster: &Cluster, command: &'static str) -> Self {
        let mut program = Program::command();
        program
            .arg(command)
            .env("ANNEX_DATABASE_URL", cluster.url())
            .env("ANNEX_DATA_DIR", cluster.files())
            .env("ANNEX_LISTEN", "127.0.0.1:0")
            .env("ANNEX_JOBS_CONCURRENCY", "8")
            .env("ANNEX_LOG", "off")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        cluster.fake_clock(&mut program);
        Self { child: program.spawn().expect("it can be started"), command }
    }

    fn signal(&self, signal: Signal) {
        // One that could not reach the database has ended by itself.
        kill(Pid::from_raw(self.child.id() as i32), signal).ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server and two workers, and what has befallen them.
pub(super) struct Storm {
    processes: Vec<Process>,
    /// Who sleeps, and since when.
    sleeper: Option<(u32, Instant)>,
    killed_at: Instant,
    jumped_at: Instant,
    pub(super) kills: usize,
    pub(super) sleeps: usize,
    pub(super) jumps: usize,
}

impl Storm {
    pub(super) fn begin(cluster: &Cluster) -> Self {
        let now = Instant::now();
        Self {
            processes: ["serve", "worker", "worker"].map(|command| Process::start(cluster, command)).into(),
            sleeper: None,
            killed_at: now,
            jumped_at: now,
            kills: 0,
            sleeps: 0,
            jumps: 0,
        }
    }

    /// Does what is due.
    pub(super) fn rage(&mut self, cluster: &Cluster) {
        if self.killed_at.elapsed() >= KILL {
            self.killed_at = Instant::now();
            let process = self.processes.remove(0);
            // Each fourth sleeps, and goes on as if nothing were.
            if self.sleeper.is_none() && (self.kills + self.sleeps) % 4 == 3 {
                process.signal(Signal::SIGSTOP);
                self.sleeper = Some((process.child.id(), Instant::now()));
                self.sleeps += 1;
                self.processes.push(process);
            } else {
                // Who sleeps may be killed too.
                self.sleeper = self.sleeper.filter(|(id, _)| *id != process.child.id());
                let command = process.command;
                drop(process);
                self.kills += 1;
                self.processes.push(Process::start(cluster, command));
            }
        }
        if self.sleeper.is_some_and(|(_, since)| since.elapsed() >= SLEEP) {
            self.wake();
        }
        if cluster.has_clock() && self.jumped_at.elapsed() >= JUMP {
            self.jumped_at = Instant::now();
            self.jumps += 1;
            cluster.set_clock(JUMPS[self.jumps % JUMPS.len()]);
        }
    }

    fn wake(&mut self) {
        self.sleeper = None;
        for process in &self.processes {
            process.signal(Signal::SIGCONT);
        }
    }

    /// Lets everybody say what they have to say, and end.
    pub(super) async fn calm(&mut self) {
        self.wake();
        for process in &self.processes {
            process.signal(Signal::SIGTERM);
        }
        let begun = Instant::now();
        for process in &mut self.processes {
            while process.child.try_wait().expect("a child can be waited for").is_none() {
                assert!(begun.elapsed() < PATIENCE, "`annex {}` does not end", process.command);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
