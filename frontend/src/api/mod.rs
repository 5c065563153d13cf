//! The one place that talks to the network.

mod attempt;
mod begun;
mod call;
mod client;
mod error;
mod pages;
mod row;
mod session;
mod stream;
mod token;

pub mod auth;
pub mod batches;
pub mod collections;
pub mod document;
pub mod hooks;
pub mod jobs;
pub mod outbox;
pub mod queues;
pub mod realtime;
pub mod records;
pub mod requests;
pub mod schedules;
pub mod server;
pub mod sessions;
pub mod stats;
pub mod transfer;
pub mod triggers;
pub mod users;
pub mod webhooks;

pub use attempt::Attempt;
pub use call::{Answer, Call};
pub use client::{Api, use_api};
pub use error::ApiError;
pub use pages::Pages;
pub use token::Token;
