//! The kinds of jobs that come with the server.

mod email_send;
mod http_request;
mod records_export;
mod records_import;
mod sql_function;
mod teller;

use super::Registry;
use email_send::EmailSend;
use http_request::HttpRequest;
use records_export::RecordsExport;
use records_import::RecordsImport;
use sql_function::SqlFunction;

/// All of them.
pub(super) fn add_to(registry: &mut Registry) {
    registry.add::<EmailSend>();
    registry.add::<HttpRequest>();
    registry.add::<RecordsExport>();
    registry.add::<RecordsImport>();
    registry.add::<SqlFunction>();
}
