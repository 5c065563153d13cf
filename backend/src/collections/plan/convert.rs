//! Which types a field's values can be converted between, and what that loses.

use annex_openapi::collections::FieldType;

/// What a conversion comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conversion {
    /// What is lost of a value, where something is.
    pub(super) loses: Option<&'static str>,
    /// Whether it goes over text: Postgres has no cast of its own.
    pub(super) through_text: bool,
}

/// How one value of a type becomes one of another; nothing where it cannot. What depends on the values (a text that
/// is a number, a number that fits) is for Postgres to say.
pub(super) fn conversion(from: FieldType, to: FieldType) -> Option<Conversion> {
    use FieldType::{
        Bigint, Bool, Date, Email, Enum, File, Float, Int, Json, Numeric, Text, Timestamp, Url, Uuid,
    };
    let plain = Some(Conversion { loses: None, through_text: false });
    let through_text = Some(Conversion { loses: None, through_text: true });
    let losing = |loses| Some(Conversion { loses: Some(loses), through_text: false });
    match (from, to) {
        (FieldType::Relation | FieldType::Files, _) | (_, FieldType::Relation | FieldType::Files) => None,
        (from, to) if from == to => through_text,
        (Int, Bigint | Float | Numeric) | (Bigint, Int | Numeric) | (Float, Numeric) => plain,
        (Bigint | Numeric, Float) => losing("digits beyond the precision of a float"),
        (Float | Numeric, Int | Bigint) => losing("what stands behind the decimal point"),
        (Bool, Int) | (Int, Bool) => plain,
        (Date, Timestamp) | (Uuid, File) | (File, Uuid) => plain,
        (Timestamp, Date) => losing("the time of day"),
        // Texts are parsed, and everything can be written as text.
        (Text | Email | Url | Enum, _) | (_, Text | Email | Url | Enum) => through_text,
        (Json, Bool | Int | Bigint | Float | Numeric) => plain,
        _ => None,
    }
}
