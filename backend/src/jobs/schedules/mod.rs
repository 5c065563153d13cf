//! Jobs that are enqueued again and again, or at one time.
//!
//! Times follow the application's clock; a row lock makes one server of many enqueue, in the transaction that says when the next is due.

mod due;
mod timing;

pub use due::enqueue_due;
pub use timing::{InvalidTiming, Timing};
