//! One collection: its rows, its schema, its rules and its API, each a tab.

mod api;
mod data;
mod frame;
mod rule_tester;
mod rules;
mod schema;

pub use api::ApiReference;
pub use data::Data;
pub use frame::Frame;
pub use rules::Rules;
pub use schema::Schema;
