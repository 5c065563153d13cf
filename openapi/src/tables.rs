//! What else is in the database: tables and views that are not collections.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldError;

/// What a table is to Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A table.
    Table,
    /// A table whose rows are in its partitions, which are not listed.
    PartitionedTable,
    /// A view.
    View,
    /// A view that keeps its rows.
    MaterializedView,
    /// A table of another server.
    ForeignTable,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableColumn {
    /// Its name.
    #[schema(example = "createdAt")]
    pub name: String,
    /// The Postgres type.
    #[serde(rename = "type")]
    #[schema(example = "timestamp(3) without time zone")]
    pub type_: String,
    /// Whether it always has a value.
    pub required: bool,
}

/// Why `POST /v1/collections/adopt` would refuse a table where it is given nothing but `table`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableRefusal {
    /// The code of the problem that it would answer.
    #[schema(example = "conflict")]
    pub code: String,
    /// What is in the way, in a sentence.
    #[schema(example = "public.events has no primary key, and records are found by one")]
    pub detail: String,
    /// Where: `/name` and `/primary_key` are members of the request that would mend it, `/table` means the table itself.
    pub errors: Vec<FieldError>,
    /// What to do about it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A table or a view that is not a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Table {
    /// As `POST /v1/collections/adopt` takes it in `table`.
    #[schema(example = "public.Orders")]
    pub table: String,
    /// Its schema.
    #[schema(example = "public")]
    pub schema: String,
    /// Its name there.
    #[schema(example = "Orders")]
    pub name: String,
    /// What it is to Postgres.
    pub kind: TableKind,
    /// About how many rows it has, as Postgres last counted; null where it never did, as for views.
    #[schema(example = 1200)]
    pub estimated_rows: Option<i64>,
    /// What it and its indexes take on disk; null for what keeps no rows, and while somebody has it locked.
    #[schema(example = 262_144)]
    pub size_bytes: Option<i64>,
    /// The columns, in order.
    pub columns: Vec<TableColumn>,
    /// The columns of its primary key, in order.
    #[schema(example = json!(["id"]))]
    pub primary_key: Vec<String>,
    /// The collection's name where `adopt` is given none.
    #[schema(example = "orders")]
    pub collection: String,
    /// Whether `adopt` takes it as it is.
    pub adoptable: bool,
    /// Why not, where it does not.
    pub refusal: Option<TableRefusal>,
}

/// The tables and views that are not collections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TablePage {
    /// All of them, by schema and name.
    pub items: Vec<Table>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}
