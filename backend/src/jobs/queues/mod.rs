//! Queues: how they stand, their limits, and what workers over HTTP take from them.

pub mod claim;
pub mod get;
pub mod list;
pub mod replace;
pub mod update;

use annex_openapi::jobs::queues::{Queue, QueueReplace, Rate};

use super::input::Faults;
use super::store::queues;
use crate::app::App;
use crate::extract::settings_tag;
use crate::problem::{Problem, Result};

const MOST: u32 = 1_000_000;

/// Checks what a queue is to be.
fn check(queue: &QueueReplace) -> Result<()> {
    let mut faults = Faults::default();
    faults.bound("", "concurrency", queue.concurrency, 1, MOST);
    faults.bound("", "key_concurrency", queue.key_concurrency, 1, MOST);
    let mut rate = |at: &str, rate: Option<Rate>| {
        faults.bound(at, "limit", rate.map(|rate| rate.limit), 1, MOST);
        faults.bound(at, "period_seconds", rate.map(|rate| rate.period_seconds), 0.1, 2_678_400.0);
    };
    rate("/rate", queue.rate);
    rate("/key_rate", queue.key_rate);
    faults.check()
}

/// The queue of that name, and the tag of its settings.
async fn read(app: &App, name: &str) -> Result<(Queue, String)> {
    let queue = queues::list(&app.db.pool, Some(name)).await?.pop();
    let queue = queue.ok_or_else(|| Problem::not_found(format_args!("queue `{name}`")))?;
    let settings = QueueReplace {
        paused: queue.paused,
        concurrency: queue.concurrency,
        rate: queue.rate,
        key_concurrency: queue.key_concurrency,
        key_rate: queue.key_rate,
    };
    Ok((queue, settings_tag(&settings)))
}
