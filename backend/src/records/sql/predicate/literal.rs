//! Literals, as Postgres reads them.

use annex_openapi::collections::FieldType;
use annex_openapi::expression::Literal;

use crate::collections::catalogue::{Column, Wire};

/// Whether a literal of that type can be given as the column's own type without a change of meaning, so that an index on the
/// column answers.
pub(super) fn takes_type_of(column: &Column, literal: FieldType) -> bool {
    match literal {
        FieldType::Text | FieldType::Enum => column.wire == Wire::Text,
        FieldType::Timestamp => matches!(column.wire, Wire::Timestamp | Wire::Timestamptz),
        _ => false,
    }
}

pub(super) fn type_name(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Bool => "bool",
        FieldType::Int => "int4",
        FieldType::Bigint => "int8",
        FieldType::Float => "float8",
        FieldType::Numeric => "numeric",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamptz",
        FieldType::Uuid | FieldType::File | FieldType::Files => "uuid",
        FieldType::Json => "jsonb",
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum | FieldType::Relation => "text",
    }
}

pub(super) fn list_type(type_: FieldType) -> &'static str {
    match type_name(type_) {
        "bool" => "bool[]",
        "int4" => "int4[]",
        "int8" => "int8[]",
        "float8" => "float8[]",
        "numeric" => "numeric[]",
        "date" => "date[]",
        "timestamptz" => "timestamptz[]",
        "uuid" => "uuid[]",
        "jsonb" => "jsonb[]",
        _ => "text[]",
    }
}

/// The text that Postgres reads as the literal.
pub(super) fn literal_text(literal: &Literal) -> String {
    use time::macros::format_description;
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Bigint(value) => value.to_string(),
        Literal::Float(value) => ryu::Buffer::new().format(*value).to_owned(),
        Literal::Numeric(value) => value.to_string(),
        Literal::Text(value) | Literal::Enum(value) => value.clone(),
        Literal::Uuid(value) => value.to_string(),
        Literal::Date(value) => format!("{}{}", day(*value), era(*value)),
        Literal::Timestamp(value) => {
            let time = value
                .format(format_description!("[hour]:[minute]:[second].[subsecond digits:6]Z"))
                .expect("an instant can be written");
            format!("{} {time}{}", day(value.date()), era(value.date()))
        }
    }
}

/// The day, in the years of its era: Postgres knows no year 0.
fn day(date: time::Date) -> String {
    let year = if date.year() > 0 { date.year() } else { 1 - date.year() };
    format!("{year:04}-{:02}-{:02}", u8::from(date.month()), date.day())
}

fn era(date: time::Date) -> &'static str {
    if date.year() > 0 { "" } else { " BC" }
}
