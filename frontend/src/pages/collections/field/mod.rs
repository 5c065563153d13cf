//! A field while it is described: for a new collection, and for a change of one.

mod draft;
mod form;
mod literal;

pub use draft::{FieldDraft, sketch};
pub use form::{FieldDetails, NameAndType, Wrong};
