//! What expressions may name besides the collections that are listed.

use annex_openapi::collections::Collection;
use annex_openapi::users;

/// The collections with accounts among them, at which relations point too.
pub fn with_users(mut collections: Vec<Collection>) -> Vec<Collection> {
    if !collections.iter().any(|collection| collection.name == "users") {
        collections.push(users::collection());
    }
    collections
}
