//! Values on their way: from Postgres's wire format into JSON without a tree in between ([`encode`]), and from
//! JSON or a query into the text that Postgres reads ([`parse`]).

pub mod calendar;
pub mod encode;
pub mod numeric;
pub mod parse;
pub mod text;
