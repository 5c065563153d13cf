//! `/v1/records`

mod import;
