//! What the cells show: the rows as they are here, with what is changed and chosen.

use std::borrow::Cow;

use annex_openapi::collections::Collection;
use leptos::prelude::*;

use super::super::edit::staged::Staged;
use super::super::labels::Labels;
use super::super::layout::Column;
use super::super::selection::Selection;
use super::super::sheet::Sheet;
use super::super::source::Rows;
use super::super::value::{Look, is_null, one_line};
use super::slot::{CellState, Face, Faces, RowState};

/// What the cells of a sheet show.
pub struct SheetFaces<'a> {
    rows: &'a Rows<'a>,
    collection: &'a Collection,
    staged: &'a Staged,
    selection: &'a Selection,
    labels: Labels,
    open: Option<&'a str>,
    /// Whether rows pass by too fast to ask for what they point at.
    hurry: bool,
}

impl SheetFaces<'_> {
    /// Tells whoever asks within an effect when other than the rows themselves has changed.
    pub fn track(sheet: Sheet) {
        sheet.staged.track();
        sheet.selection.track();
        sheet.labels.track();
        sheet.address.with(|_| ());
    }

    /// Does something with what the cells show now.
    pub fn with(sheet: Sheet, hurry: bool, with: impl FnOnce(&dyn Faces)) {
        let (collection, staged) = (sheet.collection.read_untracked(), sheet.staged.read_untracked());
        let (address, selection) = (sheet.address.read_untracked(), sheet.selection.read_untracked());
        sheet.source.with_rows(|rows| {
            with(&SheetFaces {
                rows,
                collection: &collection,
                staged: &staged,
                selection: &selection,
                labels: sheet.labels,
                open: address.record.as_deref(),
                hurry,
            });
        });
    }

    fn text<'v>(&self, column: &Column, value: &'v str) -> Cow<'v, str> {
        if column.look == Look::Relation
            && let Some(label) = self.labels.get(&self.collection.fields[column.field], value, !self.hurry)
        {
            return Cow::Owned(one_line(Cow::Borrowed(&label)).into_owned());
        }
        column.look.show(value)
    }
}

impl Faces for SheetFaces<'_> {
    fn row(&self, row: usize) -> RowState {
        let Some(row) = self.rows.row(row) else {
            return RowState { loading: true, ..RowState::default() };
        };
        let (open, selected) = (self.open == Some(row.key()), self.selection.has(row.key()));
        RowState { loading: false, selected, open, told: self.rows.stands_out(row.key()) }
    }

    fn cell(&self, row: usize, column: &Column) -> Option<Face<'_>> {
        let row = self.rows.row(row)?;
        let (value, change) = (row.value(column.field), self.staged.change(row.key(), &column.name));
        let value = change.map(|change| change.new.as_str()).or(value)?;
        let state = match (change, is_null(value)) {
            (Some(change), _) if change.refused.is_some() => CellState::Refused,
            (Some(_), true) => CellState::EditedNull,
            (Some(_), false) => CellState::Edited,
            (None, true) => CellState::Null,
            (None, false) => CellState::Plain,
        };
        let text = if is_null(value) { Cow::Borrowed("null") } else { self.text(column, value) };
        Some(Face { text, state })
    }
}
