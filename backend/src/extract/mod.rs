//! What a request says, checked at the edge: who is calling, the body, the query.

mod caller;
mod client;
mod cursor;
mod if_match;
mod json;
mod media_type;
mod name;
mod numbers;
mod object;
mod page;
mod prefer;
mod query;
mod secret;
mod shape;

pub use caller::{ADMIN, Admin, Caller, Identity, InPerson, SignedIn, WORKER, Worker};
pub use client::{Client, Party, network};
pub use cursor::CursorKey;
pub use if_match::{IfMatch, settings_tag};
pub use json::{Json, JsonBytes, parse_checked, parse_json, read_body};
pub use media_type::media_type;
pub use name::{Name, is_name};
pub use numbers::{check_numbers, find_number};
pub use object::Object;
pub use page::PageParameters;
pub use prefer::{Count, Prefer};
pub use query::{NoParameters, Parameters, Query, can_be_kept, moment, parse as parse_query};
pub use secret::same_secret;
pub use shape::check_shape;
