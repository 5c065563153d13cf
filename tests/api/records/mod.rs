//! `/v1/records` and `/v1/batch`

mod batch;
mod constraints;
mod expand;
mod export;
mod filters;
mod group_commit;
mod hidden;
mod hostile;
mod import;
mod keys;
mod matching;
mod oracle;
mod pages;
mod patience;
mod shares;
mod statements;
pub mod support;
mod tenants;
mod types;
mod versions;
mod writes;
