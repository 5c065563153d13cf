//! What all of the sockets have been sent.

use std::cell::{Cell, RefCell};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::Options;
use crate::frames::find;

/// What all of the sockets have been sent.
#[derive(Debug)]
pub struct Tally {
    /// How many sockets the server has answered, and how many have ended.
    open: Cell<usize>,
    lost: Cell<usize>,
    ready: Cell<usize>,
    bytes: Cell<usize>,
    /// What is counted, for each socket.
    counted: Vec<Cell<u64>>,
    names: RefCell<Vec<String>>,
    /// How long each message was on its way, in microseconds.
    delays: RefCell<Vec<u64>>,
    /// The first thing that went wrong.
    wrong: RefCell<Option<String>>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(options: &Options) -> Self {
        Self {
            open: Cell::default(),
            lost: Cell::default(),
            ready: Cell::default(),
            bytes: Cell::default(),
            counted: vec![Cell::default(); options.count],
            names: RefCell::new(vec![String::new(); options.count]),
            delays: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    /// Begins anew with what is counted.
    pub fn reset(&self) {
        self.counted.iter().for_each(|counted| counted.set(0));
        self.bytes.set(0);
        self.delays.borrow_mut().clear();
    }

    /// The server has answered a socket.
    pub fn opened(&self) {
        self.open.set(self.open.get() + 1);
    }

    /// A socket has ended.
    pub fn lost(&self, why: &str) {
        self.lost.set(self.lost.get() + 1);
        self.wrong.borrow_mut().get_or_insert_with(|| why.chars().take(400).collect());
    }

    /// So many bytes have arrived.
    pub fn arrived(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// A socket was sent a message; says whether that makes it ready.
    pub fn take(&self, number: usize, message: &[u8], options: &Options) -> bool {
        if find(message, &options.counted).is_some() {
            let counted = &self.counted[number];
            counted.set(counted.get() + 1);
            if let Some(sent) = options.sent.as_deref().and_then(|sent| number_behind(message, sent)) {
                self.delays.borrow_mut().push(now().saturating_sub(sent));
            }
        } else if find(message, "\"op\":\"error\"").is_some() {
            let text = String::from_utf8_lossy(message).into_owned();
            self.wrong.borrow_mut().get_or_insert(text);
        }
        let is_ready = options.ready.as_deref().is_some_and(|ready| find(message, ready).is_some());
        self.ready.set(self.ready.get() + usize::from(is_ready));
        if let Some(named) = &options.named
            && let Some(at) = find(message, named)
        {
            let rest = message[at + named.len()..].split(|byte| *byte == b'"').next().unwrap_or_default();
            self.names.borrow_mut()[number] = String::from_utf8_lossy(rest).into_owned();
        }
        is_ready
    }

    /// How it stands, as JSON.
    pub fn report(&self) -> Value {
        let mut delays = self.delays.borrow().clone();
        delays.sort_unstable();
        let part = |part: f64| delays.get((delays.len() as f64 * part) as usize).or(delays.last());
        json!({
            "open": self.open.get() - self.lost.get().min(self.open.get()),
            "lost": self.lost.get(),
            "ready": self.ready.get(),
            "counted": self.counted.iter().map(Cell::get).sum::<u64>(),
            "least": self.counted.iter().map(Cell::get).min(),
            "most": self.counted.iter().map(Cell::get).max(),
            "bytes": self.bytes.get(),
            "delays": delays.len(),
            "p50_us": part(0.5),
            "p99_us": part(0.99),
            "worst_us": delays.last(),
            "names": self.names.borrow().iter().filter(|name| !name.is_empty()).collect::<Vec<_>>(),
            "wrong": *self.wrong.borrow(),
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is how long a message takes by the clock of the machine"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The whole number that stands behind the needle.
fn number_behind(message: &[u8], needle: &str) -> Option<u64> {
    let digits = &message[find(message, needle)? + needle.len()..];
    let digits = digits.split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
