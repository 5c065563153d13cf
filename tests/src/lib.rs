//! The harness: a whole Annex for each test, over a database of its own, spoken to as clients do.
//!
//! ```ignore
//! let app = TestApp::start().await;
//! app.collection(json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
//! let ada = app.user("ada").await;
//! ada.get("/v1/records/posts").await.expect_problem("forbidden");
//! ```
//!
//! Every answer that a [`Client`] gets is held against the document that the server serves; see [`contract`].

mod answer;
mod app;
mod client;
pub mod contract;
mod database;
mod program;
pub mod raw;
mod socket;

pub use answer::Answer;
pub use app::{Builder, PASSWORD, TestApp};
pub use client::{Client, Request};
pub use database::TestDatabase;
pub use program::Program;
pub use socket::Socket;
