//! What a field's type means for those who look at it.

use annex_openapi::collections::{Field, FieldType};

use crate::ui::IconName;

/// The picture of a field's type.
pub fn type_icon(field: &Field) -> IconName {
    if field.primary_key {
        return IconName::KeyRound;
    }
    if field.array {
        return IconName::List;
    }
    match field.type_ {
        FieldType::Text => IconName::Text,
        FieldType::Email => IconName::AtSign,
        FieldType::Url => IconName::ExternalLink,
        FieldType::Relation => IconName::Link,
        FieldType::Bool => IconName::ToggleLeft,
        FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => IconName::Hash,
        FieldType::Date => IconName::Calendar,
        FieldType::Timestamp => IconName::CalendarClock,
        FieldType::Uuid => IconName::Fingerprint,
        FieldType::Json => IconName::Braces,
        FieldType::Enum => IconName::ListTree,
        FieldType::File => IconName::File,
        FieldType::Files => IconName::Files,
    }
}

/// Whether rows can be sorted by it.
pub fn has_order(field: &Field) -> bool {
    !field.array && !matches!(field.type_, FieldType::Json | FieldType::Files)
}
