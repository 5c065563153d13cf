//! A value while it is written.

use annex_openapi::collections::Field;
use leptos::prelude::*;

use super::super::value::is_null;
use super::text::{Writing, items, text_of, value_of, value_of_items};

/// An item of a list that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Which it is, wherever it is moved.
    pub id: u32,
    /// Its text.
    pub text: RwSignal<String>,
}

/// What a draft began with: the value, and how it is written.
struct Origin {
    value: String,
    text: String,
    items: Vec<String>,
}

/// A value while it is written.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Whose value it is.
    pub field: StoredValue<Field>,
    /// How it is written.
    pub writing: Writing,
    /// What is written; of a relation, the JSON text of the key.
    pub text: RwSignal<String>,
    /// What is written of a list.
    pub items: RwSignal<Vec<Item>>,
    /// Whether it has no value.
    pub null: RwSignal<bool>,
    /// What it began with.
    origin: StoredValue<Origin>,
    /// Whether the field is left out: a new row gets what the database gives it.
    pub left_out: RwSignal<bool>,
}

impl Draft {
    /// Begins with the value that is there, as JSON text.
    pub fn new(field: &Field, value: &str) -> Self {
        let writing = Writing::of(field, value);
        let text = if writing == Writing::Relation { value.to_owned() } else { text_of(field, value) };
        let items = if writing == Writing::List { items(value).unwrap_or_default() } else { Vec::new() };
        let origin = Origin { value: value.to_owned(), text: text.clone(), items: items.clone() };
        let this = Self {
            origin: StoredValue::new(origin),
            field: StoredValue::new(field.clone()),
            writing,
            text: RwSignal::new(text),
            items: RwSignal::new(Vec::new()),
            null: RwSignal::new(is_null(value)),
            left_out: RwSignal::new(false),
        };
        items.iter().for_each(|item| this.add_item(item));
        this
    }

    /// The value of a new row's field, which is left out until something is written.
    pub fn left_out(field: &Field) -> Self {
        let this = Self::new(field, "null");
        this.null.set(false);
        this.left_out.set(true);
        this
    }

    /// Whether it may have no value.
    pub fn can_be_null(self) -> bool {
        self.field.with_value(|field| !field.required)
    }

    /// The JSON text of what is written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn value(self) -> Result<String, String> {
        if self.null.get() {
            return Ok("null".to_owned());
        }
        if let Some(value) = self.untouched() {
            return Ok(value);
        }
        self.field.with_value(|field| match self.writing {
            Writing::Relation => match self.text.get() {
                key if key.is_empty() || is_null(&key) => Ok("null".to_owned()),
                key => Ok(key),
            },
            Writing::List => {
                let items: Vec<String> = self.items.get().iter().map(|item| item.text.get()).collect();
                value_of_items(field, &items)
            }
            // What is not text has no empty value.
            _ if self.text.with(|text| text.trim().is_empty()) && !is_text(field) => {
                if field.required {
                    Err("A value is needed".to_owned())
                } else {
                    Ok("null".to_owned())
                }
            }
            _ => self.text.with(|text| {
                let keeps_crlf = self.writing == Writing::Lines
                    && self.origin.with_value(|origin| has_crlf_alone(&origin.text));
                // An editor in the browser knows no other line ends than `\n`.
                if keeps_crlf { value_of(field, &with_crlf(text)) } else { value_of(field, text) }
            }),
        })
    }

    /// The value that it began with, where what is written is that still: no digit and no space of it may change by being
    /// looked at.
    fn untouched(self) -> Option<String> {
        let items: Vec<String> = self.items.get().iter().map(|item| item.text.get()).collect();
        let text = self.text.get();
        self.origin.with_value(|origin| {
            let is_same = !is_null(&origin.value) && origin.text == text && origin.items == items;
            is_same.then(|| origin.value.clone())
        })
    }

    /// Something is written: there is a value.
    pub fn touch(self) {
        if self.null.get_untracked() {
            self.null.set(false);
        }
        if self.left_out.get_untracked() {
            self.left_out.set(false);
        }
    }

    /// Writes something.
    pub fn write(self, text: String) {
        self.touch();
        self.text.set(text);
    }

    /// Has no value any more.
    pub fn set_null(self) {
        self.left_out.set(false);
        self.text.set(String::new());
        self.items.set(Vec::new());
        self.null.set(true);
    }

    /// Adds an item to a list.
    pub fn add_item(self, text: &str) {
        self.items.update(|items| {
            let id = items.iter().map(|item| item.id + 1).max().unwrap_or_default();
            items.push(Item { id, text: RwSignal::new(text.to_owned()) });
        });
    }
}

fn is_text(field: &Field) -> bool {
    use annex_openapi::collections::FieldType;
    !field.array && matches!(field.value_type(), FieldType::Text | FieldType::Email | FieldType::Url)
}

/// Whether all lines end as on Windows, and some do.
fn has_crlf_alone(text: &str) -> bool {
    text.contains("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n'])
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use annex_openapi::collections::FieldType;

    use super::super::super::fixture::books;
    use super::*;

    fn draft(type_: FieldType, value: &str) -> Draft {
        let field = Field { type_, array: false, ..books().field("title").expect("a title").clone() };
        Draft::new(&field, value)
    }

    #[test]
    fn looking_is_no_change() {
        let owner = Owner::new();
        owner.with(|| {
            for (type_, value) in [
                (FieldType::Json, r#"{"a": 1,  "b": 1.10}"#),
                (FieldType::Float, "1e300"),
                (FieldType::Float, "1e+300"),
                (FieldType::Float, "-0"),
                (FieldType::Text, r#""a\r\nb""#),
            ] {
                assert_eq!(draft(type_, value).value().as_deref(), Ok(value));
            }
            let tags = books().field("tags").expect("tags").clone();
            assert_eq!(Draft::new(&tags, r#"["a", "b"]"#).value().as_deref(), Ok(r#"["a", "b"]"#));
        });
    }

    #[test]
    fn line_ends_stay_as_they_were() {
        let owner = Owner::new();
        owner.with(|| {
            let text = draft(FieldType::Text, r#""a\r\nb""#);
            text.write("a\nb\nc".to_owned());
            assert_eq!(text.value().as_deref(), Ok(r#""a\r\nb\r\nc""#));
            let text = draft(FieldType::Text, r#""a\nb""#);
            text.write("a\nb\nc".to_owned());
            assert_eq!(text.value().as_deref(), Ok(r#""a\nb\nc""#));
        });
    }
}
