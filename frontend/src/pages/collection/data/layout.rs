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

impl Preferences {
    /// Shows these fields in that order, and no others.
    pub fn arrange(&mut self, collection: &Collection, shown: &[String]) {
        let others = ordered(collection, self).into_iter().map(|field| &collection.fields[field].name);
        let others: Vec<String> = others.filter(|name| !shown.contains(name)).cloned().collect();
        self.order = shown.iter().chain(&others).cloned().collect();
        self.hidden = others;
    }
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

    /// The names of the fields that show, in order.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Between which columns a place lies, measured from where the first one ends: the place that a column gets that is put there.
    pub fn gap(&self, left: f64) -> usize {
        let rest = self.columns.get(1..).unwrap_or_default();
        if left < -self.columns.first().map_or(0.0, |first| first.width / 2.0) {
            return 0;
        }
        1 + rest.partition_point(|column| column.left + column.width / 2.0 <= left)
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
        FieldType::Timestamp => 184.0,
        FieldType::Uuid | FieldType::File => 150.0,
        FieldType::Relation => 170.0,
        FieldType::Enum => 120.0,
        FieldType::Text | FieldType::Email | FieldType::Url => 180.0,
        FieldType::Json | FieldType::Files => 220.0,
    };
    of_values.max(of_name.min(200.0)).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture;

    fn names(layout: &Layout) -> Vec<&str> {
        layout.columns.iter().map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn the_key_comes_first_and_what_comes_by_itself_last() {
        let layout = Layout::new(&fixture::books(), &Preferences::default(), None);
        assert_eq!(names(&layout), ["id", "title", "author", "pages", "price", "tags", "created_at"]);
    }

    #[test]
    fn columns_are_arranged() {
        let books = fixture::books();
        let mut preferences = Preferences::default();
        preferences.arrange(&books, &["title".to_owned(), "id".to_owned()]);
        assert_eq!(names(&Layout::new(&books, &preferences, None)), ["title", "id"]);
        assert_eq!(ordered(&books, &preferences).len(), books.fields.len());
        let chosen = ["pages".to_owned(), "gone".to_owned(), "pages".to_owned()];
        assert_eq!(names(&Layout::new(&books, &preferences, Some(&chosen))), ["pages"]);
        preferences.hidden = books.fields.iter().map(|field| field.name.clone()).collect();
        assert_eq!(Layout::new(&books, &preferences, None).columns.len(), books.fields.len());
    }

    #[test]
    fn only_columns_that_show_are_drawn() {
        let layout = Layout::new(&fixture::books(), &Preferences::default(), None);
        assert_eq!(layout.between(0.0, 1.0), 1..2);
        assert_eq!(layout.between(0.0, layout.width), 1..7);
        let (second, third) = (&layout.columns[2], &layout.columns[3]);
        assert_eq!(layout.between(second.left + 1.0, third.left + 1.0), 2..4);
        assert!(layout.between(layout.width + 1.0, layout.width + 2.0).is_empty());
        for left in 0..layout.width as usize {
            assert!(layout.between(left as f64, left as f64 + 300.0).len() <= layout.most_between(300.0));
        }
    }

    #[test]
    fn a_column_is_put_between_others() {
        let layout = Layout::new(&fixture::books(), &Preferences::default(), None);
        assert_eq!(layout.gap(-500.0), 0);
        assert_eq!(layout.gap(1.0), 1);
        assert_eq!(layout.gap(layout.columns[2].left + 1.0), 2);
        assert_eq!(layout.gap(layout.width), 7);
    }
}
