//! The kinds of jobs that know nothing but jobs; those of a feature stand with it.

mod email_send;
mod http_request;
mod sql_function;

use super::Registry;
use super::bulk::Bulk;
use super::cancel_matching::Cancel;
use super::discard_matching::Discard;
use super::retry_matching::Retry;
use email_send::EmailSend;
use http_request::HttpRequest;
use sql_function::SqlFunction;

/// Adds them all.
pub fn add_to(registry: &mut Registry) {
    registry.add_built_in::<EmailSend>();
    registry.add_built_in::<HttpRequest>();
    registry.add_built_in::<SqlFunction>();
    registry.add_built_in::<Bulk<Cancel>>();
    registry.add_built_in::<Bulk<Retry>>();
    registry.add_built_in::<Bulk<Discard>>();
}
