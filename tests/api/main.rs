//! The API as its clients see it: the modules follow the URLs.

#![expect(clippy::unwrap_used, reason = "a test that does not find what it looks for has failed")]

mod auth;
mod bookshop;
mod collections;
mod console;
mod document;
mod evaluator;
mod hooks;
mod http;
mod jobs;
mod kinds;
mod realtime;
mod records;
mod server;
mod transfers;
mod triggers;
mod webhooks;
