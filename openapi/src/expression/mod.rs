//! The expression language of filters, rules and conditions: parser, types and checker.

/// A checked condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {}
