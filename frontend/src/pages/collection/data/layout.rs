//! The columns: which show, in which order, and how wide they are.

use std::collections::BTreeMap;
use std::ops::Range;

use annex_openapi::collections::{Collection, Field, FieldType};
use serde::{Deserialize, Serialize};

use super::value::Look;

/// The narrowest that a column can be, in pixels.
pub const NARROWEST: f64 = 56.0;
/// The widest.
pub const WIDEST: f64 = 900.0;

/// What somebody has set for the columns of a collection. It is kept in the browser.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Fields, in the order of their columns; those that are missing come after.
    pub order: Vec<String>,
    /// Fields that do not show.
    pub hidden: Vec<String>,
    /// Widths in pixels, where they are not those of the type.
    pub widths: BTreeMap<String, f64>,
}

/// A column that shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The place of its field in the collection.
    pub field: usize,
    /// Its name.
    pub name: String,
    /// How its values look.
    pub look: Look,
    /// How wide it is, in pixels.
    pub width: f64,
    /// Where it begins: the columns after the first are counted from the first one's end.
    pub left: f64,
}

/// The columns that show, in order. The first one stays in place while the others are scrolled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// The columns.
    pub columns: Vec<Column>,
    /// The width of all but the first.
    pub width: f64,
}

impl Layout {
    /// The columns of a collection as they are set; `chosen` are the fields that show, in order, where the address says so.
    pub fn new(collection: &Collection, preferences: &Preferences, chosen: Option<&[String]>) -> Self {
        let mut layout = Self::default();
        for field in shown(collection, preferences, chosen) {
            let spec = &collection.fields[field];
            let width = preferences.widths.get(&spec.name).copied().unwrap_or_else(|| usual_width(spec));
            let column = Column {
                field,
                name: spec.name.clone(),
                look: Look::of(spec),
                width: width.clamp(NARROWEST, WIDEST),
                left: layout.width,
            };
            if !layout.columns.is_empty() {
                layout.width += column.width;
            }
            layout.columns.push(column);
        }
        layout
    }

    /// The column of a field.
    pub fn place(&self, field: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == field)
    }

    /// The columns after the first of which something shows between two places.
    pub fn between(&self, left: f64, right: f64) -> Range<usize> {
        let rest = self.columns.get(1..).unwrap_or_default();
        let first = rest.partition_point(|column| column.left + column.width <= left);
        let end = rest.partition_point(|column| column.left < right);
        first + 1..end.max(first) + 1
    }

    /// How many columns after the first can show at once in that width.
    pub fn most_between(&self, width: f64) -> usize {
        (1..self.columns.len())
            .map(|first| {
                let left = self.columns[first].left;
                // At worst one more shows at the left, of which a pixel is left.
                self.between(left, left + width).len() + 1
            })
            .max()
            .unwrap_or_default()
    }
}

/// The fields that show, by their places.
fn shown(collection: &Collection, preferences: &Preferences, chosen: Option<&[String]>) -> Vec<usize> {
    let place = |name: &String| collection.fields.iter().position(|field| field.name == *name);
    if let Some(chosen) = chosen {
        let mut fields: Vec<usize> = Vec::with_capacity(chosen.len());
        for field in chosen.iter().filter_map(place) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        if !fields.is_empty() {
            return fields;
        }
    }
    let mut order = ordered(collection, preferences);
    let all = order.clone();
    order.retain(|field| !preferences.hidden.contains(&collection.fields[*field].name));
    if order.is_empty() { all } else { order }
}

/// All fields in the order of their columns: as set, and where nothing is, the key first and what comes by itself last.
pub fn ordered(collection: &Collection, preferences: &Preferences) -> Vec<usize> {
    let rank = |field: &Field| match preferences.order.iter().position(|name| *name == field.name) {
        Some(place) => (1, place),
        None if field.primary_key => (0, 0),
        None if field.system => (3, 0),
        None => (2, 0),
    };
    let mut order: Vec<usize> = (0..collection.fields.len()).collect();
    order.sort_by_key(|field| rank(&collection.fields[*field]));
    order
}

/// How wide the column of such a field is, where nobody has said.
pub fn usual_width(field: &Field) -> f64 {
    let of_name = field.name.chars().count() as f64 * 7.5 + 60.0;
    let of_values: f64 = match field.type_ {
        _ if field.array => 200.0,
        FieldType::Bool => 80.0,
        FieldType::Int | FieldType::Float => 96.0,
        FieldType::Bigint | FieldType::Numeric => 130.0,
        FieldType::Date => 110.0,
        FieldType::Timestamp => 165.0,
        FieldType::Uuid | FieldType::File => 150.0,
        FieldType::Relation => 170.0,
        FieldType::Enum => 120.0,
        FieldType::Text | FieldType::Email | FieldType::Url => 180.0,
        FieldType::Json | FieldType::Files => 220.0,
    };
    of_values.max(of_name.min(200.0)).round()
}
