//! Tests of the language as a whole, over a small catalogue with one field of each type.

mod bounds;
mod class;
mod complete;
mod errors;
mod fixture;
mod meaning;
mod names;
mod properties;
