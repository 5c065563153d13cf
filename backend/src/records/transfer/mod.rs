//! Import and export: many rows as one stream, of which only a small part is in memory at a time.

pub mod background;
pub mod body;
mod csv;
pub mod export;
mod faults;
mod fields;
pub mod import;
pub mod importing;
mod intake;
mod keys;
pub mod landing;
pub mod reading;
