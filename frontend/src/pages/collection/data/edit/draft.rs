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
    /// Whether the field is left out: a new row gets what the database gives it.
    pub left_out: RwSignal<bool>,
}

impl Draft {
    /// Begins with the value that is there, as JSON text.
    pub fn new(field: &Field, value: &str) -> Self {
        let writing = Writing::of(field, value);
        let text = if writing == Writing::Relation { value.to_owned() } else { text_of(field, value) };
        let items = if writing == Writing::List { items(value).unwrap_or_default() } else { Vec::new() };
        let this = Self {
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
            _ => self.text.with(|text| value_of(field, text)),
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
