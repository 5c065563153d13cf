//! Holds many sockets open and counts what they are sent: the load of `bench/realtime`.
//!
//! One thread, and no library in between: whatever it costs is taken from the cores that the measured servers have too. It is told what to do on
//! its standard input, a word a line (`report`, `reset`), and ends with it.

mod frames;
mod socket;
mod tally;

use std::rc::Rc;
use std::time::Duration;

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use tally::Tally;

/// How many sockets are at the same time on their way to being ready.
const CONNECTING: usize = 16;

/// What the sockets are, what they say, and what is counted of what they are sent.
#[derive(Debug, Parser)]
struct Options {
    /// The server's port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// What is asked for.
    #[arg(long)]
    path: String,
    /// How many sockets.
    #[arg(long)]
    count: usize,
    /// Server-sent events in place of WebSockets.
    #[arg(long)]
    events: bool,
    /// A file with an access token a line, one for each socket in turn.
    #[arg(long)]
    tokens: Option<std::path::PathBuf>,
    /// What each socket says first; `{n}` is its number, `{k}` the round's.
    #[arg(long)]
    say: Vec<String>,
    /// How many rounds of that.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// A socket is ready when it has been sent this, in each round.
    #[arg(long)]
    ready: Option<String>,
    /// Messages with this are counted.
    #[arg(long)]
    counted: String,
    /// Behind this a counted message says when it was sent, in microseconds since 1970.
    #[arg(long)]
    sent: Option<String>,
    /// What stands behind this, up to a quotation mark, is reported for each socket.
    #[arg(long)]
    named: Option<String>,
    /// A message that is answered, and the answer.
    #[arg(long, num_args = 2)]
    answer: Vec<String>,
    /// It ends after so many seconds in any case.
    #[arg(long, default_value_t = 900)]
    seconds: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Rc::new(Options::parse());
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let tokens = options.tokens.as_ref().map(std::fs::read_to_string).transpose()?.unwrap_or_default();
    let tokens: Vec<Rc<str>> = tokens.lines().map(Rc::from).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let tally = Rc::new(Tally::new(&options));
        let connecting = Rc::new(Semaphore::new(CONNECTING));
        for number in 0..options.count {
            let token = tokens.get(number % tokens.len().max(1)).cloned();
            let held =
                socket::hold(number, Rc::clone(&options), token, Rc::clone(&tally), Rc::clone(&connecting));
            let tally = Rc::clone(&tally);
            tokio::task::spawn_local(async move {
                if let Err(error) = held.await {
                    tally.lost(&error.to_string());
                }
            });
        }
        let obeying = obey(&tally);
        // Whoever started it may be gone.
        drop(tokio::time::timeout(Duration::from_secs(options.seconds), obeying).await);
    });
    Ok(())
}

/// Does what it is told, until nobody tells it anything any more.
async fn obey(tally: &Tally) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.trim() {
            "report" => println!("{}", tally.report()),
            "reset" => tally.reset(),
            other => eprintln!("`{other}` is neither `report` nor `reset`"),
        }
    }
}
