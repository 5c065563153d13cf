//! What admins see of the server.

mod connections;
mod get;
mod requests;
mod stats;
