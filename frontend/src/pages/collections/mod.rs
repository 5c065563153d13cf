//! All collections: the list, making and adopting one, and how they hang together.

pub mod access;
mod adopt;
mod diagram;
pub mod field;
mod list;
mod new;
pub mod plan;
pub mod planning;
pub mod rule;
pub mod rule_class;
pub mod rules_editor;

pub use adopt::Adopt;
pub use diagram::DiagramPage;
pub use list::List;
pub use new::{New, index_fields, index_kinds, kind_of};
