//! `annex export-asyncapi`

use std::io::Write;

use crate::commands::Failure;
use crate::document;

/// Writes the document of the socket to the standard output. It needs neither a database nor a configuration.
///
/// # Errors
/// Nobody reads it.
pub fn run() -> Result<(), Failure> {
    std::io::stdout().lock().write_all(document::asyncapi::pretty().as_bytes())?;
    Ok(())
}
