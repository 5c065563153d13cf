//! `/v1/collections`

mod adopt;
mod apply;
mod create;
mod delete;
mod drift;
mod rule_test;
mod tables;
mod update;
