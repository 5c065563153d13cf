//! All collections: the list, making and adopting one, and how they hang together.

mod access;
mod adopt;
mod diagram;
mod list;
mod new;

pub use adopt::Adopt;
pub use diagram::Diagram;
pub use list::List;
pub use new::New;
