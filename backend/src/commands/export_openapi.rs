//! `annex export-openapi`

use std::io::Write;

use crate::commands::Failure;
use crate::document;

/// Writes the platform's document to the standard output. It needs neither a database nor a configuration.
///
/// # Errors
/// Nobody reads it.
pub fn run() -> Result<(), Failure> {
    std::io::stdout().lock().write_all(document::core_text().as_bytes())?;
    Ok(())
}
