//! The Annex server as a library: the binary, the tests and embedders start it from here.

pub mod app;
pub mod auth;
mod background;
pub mod batch;
mod builder;
pub mod clock;
pub mod collections;
pub mod commands;
pub mod config;
pub mod connection;
pub mod console;
pub mod db;
pub mod document;
pub mod evaluator;
pub mod events;
pub mod extract;
pub mod health;
pub mod hooks;
pub mod idempotency;
#[cfg(test)]
mod imports;
pub mod jobs;
pub mod mail;
pub mod outbound;
pub mod problem;
pub mod realtime;
pub mod records;
pub mod requests;
pub mod routes;
pub mod server;
pub mod stats;
pub mod telemetry;
pub mod triggers;
pub mod webhooks;

pub use app::App;
pub use builder::Builder;
