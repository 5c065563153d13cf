//! What a field means for those who look at its values.

use annex_openapi::collections::{Field, FieldType};

pub use crate::ui::field_type::field_icon as type_icon;

/// Whether rows can be found by its values.
pub fn is_comparable(field: &Field) -> bool {
    !field.array && !matches!(field.type_, FieldType::Json | FieldType::Files)
}

/// Whether rows can be sorted by it.
pub fn has_order(field: &Field) -> bool {
    !field.array && !matches!(field.type_, FieldType::Json | FieldType::Files)
}
