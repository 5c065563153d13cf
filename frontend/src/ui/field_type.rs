//! What the types of fields are for those who look at them.

use annex_openapi::collections::{Field, FieldType};
use leptos::prelude::*;

use super::{Icon, IconName};

/// The picture of a type.
pub fn type_icon(type_: FieldType) -> IconName {
    match type_ {
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

/// The picture of a field.
pub fn field_icon(field: &Field) -> IconName {
    match field {
        Field { primary_key: true, .. } => IconName::KeyRound,
        Field { array: true, .. } => IconName::List,
        field => type_icon(field.type_),
    }
}

/// What a type holds, in a few words.
pub fn type_words(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Text => "Text of any length",
        FieldType::Email => "An e-mail address",
        FieldType::Url => "An absolute URL",
        FieldType::Bool => "True or false",
        FieldType::Int => "Whole number, 32 bits",
        FieldType::Bigint => "Whole number, 64 bits",
        FieldType::Float => "Number, double precision",
        FieldType::Numeric => "Exact decimal number",
        FieldType::Date => "A day",
        FieldType::Timestamp => "A moment, in UTC",
        FieldType::Uuid => "A UUID",
        FieldType::Json => "Any JSON",
        FieldType::Enum => "One of a few values",
        FieldType::Relation => "A row of another collection",
        FieldType::File => "An uploaded file",
        FieldType::Files => "Uploaded files, in order",
    }
}

/// A field's type: its picture, its name, and where a relation leads.
#[component]
pub fn TypeLabel(
    #[prop(into)] type_: FieldType,
    #[prop(optional)] array: bool,
    #[prop(optional_no_strip)] target: Option<String>,
) -> impl IntoView {
    view! {
        <span class="type-label" data-tip=type_words(type_)>
            <Icon name=type_icon(type_) />
            <span class="truncate">
                {target.map_or_else(|| type_.as_str().to_owned(), |target| format!("→ {target}"))}
                {array.then_some("[]")}
            </span>
        </span>
    }
}
