//! The expression language of filters, rules and conditions: one text, one meaning, wherever it is executed.
//!
//! [`parse`] reads the text and knows no catalogue. [`check`] resolves it against one and returns a
//! [`Predicate`], in which every name is resolved and every value has its type. Executors take that alone, and
//! all of them must agree with what is said here.
//!
//! # Three values
//! A condition is true, false or unknown, as in SQL, and a row passes only where the whole is true.
//!
//! * [`Predicate::Compare`], [`Predicate::Like`], [`Predicate::Contains`] are unknown where a side is null.
//!   [`Predicate::In`] is unknown where its operand is null, unless there are no values: then it is false.
//! * [`Predicate::IsNull`] and [`Predicate::Exists`] are never unknown: a row for which the inner condition is
//!   unknown is not one that exists. [`Predicate::Constant`] is what it is. [`Predicate::Is`] is unknown where its operand is null.
//! * `not` turns true and false around and leaves unknown. `and` is false where a part is false, else unknown where
//!   one is unknown. `or` is true where a part is true, else unknown where one is unknown.
//! * A function of null is null. A field behind a relation is null where a relation on the way is null, or leads to no row (that the
//!   caller of a filter may view). An attribute of the caller is null where nobody is signed in.
//! * Within JSON, what is not there, JSON's `null`, and what is not of the expected type ([`JsonRef::type_`]) is
//!   null. Texts are not read as numbers, nor numbers as texts.
//! * A comparison that the type settles (an `int` with 1.5 or with 99999999999) is `x = x` or `x != x`: still
//!   unknown where `x` is null.
//!
//! # Comparing
//! * Numbers compare by their value; where one is a `float`, both do as floats, in Postgres's order (NaN equals itself and is the greatest).
//!   A decimal beyond all floats is infinite as one.
//! * Text is equal where its code points are; its order is that of the database's collation. An `enum` compares as its text.
//! * A parameter of a channel's topic is text. Beside a `uuid` or a number it is read as one, and null where it is none.
//! * UUIDs and dates have their natural order; timestamps compare as instants. A day beyond all instants begins at `infinity`.
//! * Arrays are equal where their elements are, in order, null equal to null. JSON is equal as `jsonb` is.
//! * `lower`, `upper` and `ilike` follow the database's locale.
//! * A JSON list contains numbers by their value; NaN and the infinities are in none.
//!
//! Each [`Operator`] is declared once, with the types that it takes, what it says of null, and why the database alone can decide it
//! where that is so. [`Predicate::class`] tells what that makes of a whole condition.

mod check;
mod class;
mod complete;
mod decimal;
mod duration;
mod error;
mod lexer;
mod operator;
mod parser;
mod print;
mod rename;
mod scope;
mod suggest;
pub mod syntax;
mod tokens;
mod typed;
mod uses;

#[cfg(test)]
mod tests;

pub use check::check;
pub use class::{DatabaseAlone, Membership, RowLocal, RuleClass};
pub use complete::{Completions, Suggestion, SuggestionKind, complete};
pub use decimal::Decimal;
pub use error::{ErrorCode, ExpressionError, Position};
pub use operator::{Declaration, OnNull, Operator};
pub use parser::parse;
pub use scope::{Catalogue, Purpose, RuleKind, Scope, TOPIC};
pub use syntax::Expression;
pub use tokens::{TokenKind, tokens};
pub use typed::*;
pub use uses::Uses;

/// The most bytes of a source.
pub const MAX_LENGTH: usize = 8 * 1024;
/// The deepest nesting: of groups, `not`, `exists` and functions.
pub const MAX_DEPTH: usize = 8;
/// The most terms: comparisons and other conditions, and values of a list that are not literals.
pub const MAX_TERMS: usize = 100;
/// The most values of a list.
pub const MAX_LIST: usize = 1_000;
/// The most relations that one path follows.
pub const MAX_HOPS: usize = 3;
/// The most steps of one path into JSON.
pub const MAX_JSON_PATH: usize = 16;
/// How deep `exists` may stand within `exists`.
pub const MAX_EXISTS: usize = 2;
