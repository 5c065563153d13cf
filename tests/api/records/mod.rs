//! `/v1/records`

mod constraints;
mod expand;
mod filters;
mod hidden;
mod hostile;
mod import;
mod keys;
mod pages;
mod support;
mod tenants;
mod types;
mod versions;
mod writes;
