//! Pages of a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list and the cursor of the next.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub items: Vec<T>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many rows there are in all; only where `Prefer: count=exact` or `count=estimated` asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}
