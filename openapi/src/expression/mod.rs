//! The expression language of filters, rules and conditions: parser, types and checker.
