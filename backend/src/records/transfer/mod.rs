//! Import and export: many rows as one stream, of which only a small part is in memory at a time.

mod csv;
pub mod export;
mod faults;
mod fields;
pub mod import;
mod intake;
mod keys;
mod landing;
pub mod reading;
