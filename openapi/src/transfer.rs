//! Import and export of records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldError;

/// What an import did; in a dry run, what it would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// How many rows the body had.
    #[schema(example = 3)]
    pub rows: u64,
    /// How many are new.
    #[schema(example = 2)]
    pub inserted: u64,
    /// How many changed one that was there; only with `upsert`.
    #[schema(example = 0)]
    pub updated: u64,
    /// How many were left out, for what `errors` says.
    #[schema(example = 1)]
    pub skipped: u64,
    /// What is wrong with which rows: the first 1,000 faults, each with its `line`.
    pub errors: Vec<FieldError>,
    /// Whether there are more faults than `errors` has.
    pub errors_truncated: bool,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// What becomes of an import with bad rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// Nothing is written.
    #[default]
    AllOrNothing,
    /// The other rows are written.
    SkipBad,
}

/// How rows are written in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferFormat {
    /// CSV (RFC 4180) with a header, `text/csv`: null is an empty cell, the empty text is `""`, lists and JSON are
    /// JSON.
    #[default]
    Csv,
    /// A JSON object a line, `application/x-ndjson`.
    Ndjson,
}

/// What to export, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExportRequest {
    /// How rows are written.
    pub format: TransferFormat,
    /// One expression that the rows fulfil.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "status = \"published\"")]
    pub filter: Option<String>,
    /// The fields to sort by, `-` in front for descending.
    #[schema(max_items = 8, example = json!(["-created_at"]))]
    pub sort: Vec<String>,
    /// The fields of each row, in that order; without it, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, example = json!(["id", "title"]))]
    pub fields: Option<Vec<String>>,
    /// CSV alone: whether texts that a spreadsheet would take for a formula get a `'` in front.
    pub escape_formulas: bool,
}
