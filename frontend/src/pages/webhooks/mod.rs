//! Programs elsewhere that are told what happens, and what became of that.

mod deliveries;
mod delivery;
mod form;
mod list;
mod page;
mod replay;
mod state;

pub use list::Webhooks;
pub use page::WebhookPage;
