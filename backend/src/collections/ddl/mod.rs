//! The statements that change the schema: built purely, run in one place.

pub(super) mod default;
pub(super) mod literal;
pub(super) mod names;
pub(super) mod run;
pub(super) mod statements;
pub(super) mod survey;
