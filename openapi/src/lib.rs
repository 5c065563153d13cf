//! The contract of Annex: every JSON type that crosses the wire and the expression language,
//! shared by the server, the console and the document. Nothing here knows a database or a socket,
//! so that it builds for wasm32 too.

pub mod auth;
pub mod channels;
pub mod collections;
pub mod document;
pub mod events;
pub mod expression;
pub mod health;
pub mod hooks;
pub mod jobs;
pub mod near;
pub mod outbox;
pub mod page;
pub mod problem;
pub mod realtime;
pub mod records;
pub mod requests;
pub mod server;
pub mod stats;
pub mod tables;
pub mod transfer;
pub mod triggers;
pub mod users;
pub mod webhooks;
