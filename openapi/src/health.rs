//! Whether the server works.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` where the server serves, `ready` where the database answers too.
    #[schema(example = "ok")]
    pub status: String,
}
