//! One row outside of the database.

/// The bit of an end that says that there is no value.
const NULL: u32 = 1 << 31;

/// One row, as Postgres writes its columns in text form, by their index in
/// [`Table::columns`](crate::collections::catalogue::Table::columns): dates in ISO form, instants in UTC, floats with all of their digits
/// (`datestyle = ISO`, `timezone = UTC`, `extra_float_digits = 1`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Image {
    text: Box<str>,
    /// Where each value ends.
    ends: Box<[u32]>,
}

impl Image {
    /// The row of those values.
    ///
    /// # Panics
    /// They have 2 GiB or more, which no row of Postgres has.
    pub fn new<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut text = String::new();
        let ends = values.into_iter().map(|value| {
            text.push_str(value.unwrap_or_default());
            let end = u32::try_from(text.len())
                .ok()
                .filter(|end| end & NULL == 0)
                .expect("a row has less than 2 GiB");
            if value.is_some() { end } else { end | NULL }
        });
        let ends = ends.collect();
        Self { text: text.into(), ends }
    }

    /// The value of a column; none where it is null, or where the row has no such column.
    pub fn get(&self, column: usize) -> Option<&str> {
        let end = *self.ends.get(column)?;
        if end & NULL != 0 {
            return None;
        }
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before] & !NULL);
        Some(&self.text[start as usize..end as usize])
    }

    /// How many columns it has.
    pub fn columns(&self) -> usize {
        self.ends.len()
    }

    /// Its values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.ends.len()).map(|column| self.get(column))
    }

    /// How many bytes it takes, besides itself.
    pub fn size(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends)
    }
}

impl<'a> FromIterator<Option<&'a str>> for Image {
    fn from_iter<T: IntoIterator<Item = Option<&'a str>>>(values: T) -> Self {
        Self::new(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_empty_text() {
        let values = [None, Some("a"), Some(""), None, Some("ü"), None];
        let image = Image::new(values);
        assert!(image.iter().eq(values));
        assert_eq!((image.get(6), image.columns(), image.size()), (None, 6, 3 + 24));
    }
}
