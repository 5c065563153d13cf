//! What the cells show: the rows as they are here, with what is changed and chosen.

use std::borrow::Cow;

use super::super::layout::Column;
use super::super::sheet::Sheet;
use super::super::value::is_null;
use super::super::window::Window;
use super::pool::{CellState, Face, Faces, RowState};
use crate::api::records::Row;

/// What the cells of a sheet show.
pub struct SheetFaces<'a> {
    window: &'a Window<Row>,
}

impl SheetFaces<'_> {
    /// Tells whoever asks within an effect when other than the rows themselves has changed.
    pub fn track(_sheet: Sheet) {}

    /// Does something with what the cells show now.
    pub fn with(sheet: Sheet, with: impl FnOnce(&dyn Faces)) {
        sheet.source.with_window(|window| with(&SheetFaces { window }));
    }
}

impl Faces for SheetFaces<'_> {
    fn row(&self, row: usize) -> RowState {
        RowState { loading: self.window.row(row).is_none(), ..RowState::default() }
    }

    fn cell(&self, row: usize, column: &Column) -> Option<Face<'_>> {
        let value = self.window.row(row)?.value(column.field)?;
        Some(if is_null(value) {
            Face { text: Cow::Borrowed("null"), state: CellState::Null }
        } else {
            Face { text: column.look.show(value), state: CellState::Plain }
        })
    }
}
