//! The rows of an import that are not taken.

use annex_openapi::problem::FieldError;

/// The most errors that are listed.
pub const MOST: usize = 1000;

/// What is wrong with which rows.
#[derive(Debug, Default)]
pub struct Faults {
    /// What is listed.
    pub errors: Vec<FieldError>,
    /// How many rows are wrong.
    pub rows: u64,
    /// Whether there is more than is listed.
    pub truncated: bool,
}

impl Faults {
    /// A row is wrong.
    pub fn row(&mut self, line: u64, errors: impl IntoIterator<Item = FieldError>) {
        self.rows += 1;
        for error in errors {
            if self.errors.len() == MOST {
                self.truncated = true;
                return;
            }
            self.errors.push(error.on_line(line));
        }
    }

    /// So many more rows are wrong than are listed.
    pub fn unlisted(&mut self, rows: u64) {
        self.rows += rows;
        self.truncated |= rows > 0;
    }

    /// Nothing more can be listed.
    pub fn is_full(&self) -> bool {
        self.truncated || self.errors.len() == MOST
    }

    /// What is listed, in the order of the lines.
    pub fn sorted(mut self) -> Vec<FieldError> {
        self.errors.sort_by_key(|error| error.line);
        self.errors
    }
}
