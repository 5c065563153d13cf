//! What holds for every route, whatever it does.

mod bounds;
mod cors;
mod head;
mod health;
mod idempotency;
mod panics;
mod problems;
mod request_id;
mod slow;
mod smuggling;
mod strictness;
