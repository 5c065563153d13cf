//! Taking rows in from a file and out into one.

mod columns;
mod csv;
mod export;
mod file;
mod import;
mod mapping;
mod report;

pub use export::ExportDialog;
pub use import::ImportDialog;
