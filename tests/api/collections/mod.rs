//! `/v1/collections`

mod create;
