//! Import and export: many rows as one stream, of which only a small part is in memory at a time.

mod csv;
//EXPORT
mod faults;
pub mod import;
mod intake;
mod landing;
