//! The API as its clients see it: the modules follow the URLs.

mod auth;
mod collections;
mod document;
mod http;
mod records;
