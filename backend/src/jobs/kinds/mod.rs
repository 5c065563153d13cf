//! The kinds of jobs that know nothing but jobs; those of a feature stand with it.

mod email_send;
mod http_request;
mod sql_function;

use super::Registry;
use email_send::EmailSend;
use http_request::HttpRequest;
use sql_function::SqlFunction;

/// Adds them all.
pub fn add_to(registry: &mut Registry) {
    registry.add::<EmailSend>();
    registry.add::<HttpRequest>();
    registry.add::<SqlFunction>();
}
