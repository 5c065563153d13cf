//! What admins see of the server.

mod get;
mod requests;
mod stats;
