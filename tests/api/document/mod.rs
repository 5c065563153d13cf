//! The document: always exactly the API.

mod collections;
mod page;
mod platform;
