//! What the cells show: the rows as they are here, with what is changed and chosen.

use std::borrow::Cow;

use annex_openapi::collections::Collection;
use leptos::prelude::*;

use super::super::edit::staged::Staged;
use super::super::labels::Labels;
use super::super::layout::Column;
use super::super::sheet::Sheet;
use super::super::value::{Look, is_null};
use super::super::window::Window;
use super::pool::{CellState, Face, Faces, RowState};
use crate::api::records::Row;

/// What the cells of a sheet show.
pub struct SheetFaces<'a> {
    window: &'a Window<Row>,
    collection: &'a Collection,
    staged: &'a Staged,
    labels: Labels,
    open: Option<&'a str>,
    /// Whether rows pass by too fast to ask for what they point at.
    hurry: bool,
}

impl SheetFaces<'_> {
    /// Tells whoever asks within an effect when other than the rows themselves has changed.
    pub fn track(sheet: Sheet) {
        sheet.staged.track();
        sheet.labels.track();
        sheet.address.track();
    }

    /// Does something with what the cells show now.
    pub fn with(sheet: Sheet, hurry: bool, with: impl FnOnce(&dyn Faces)) {
        let (collection, staged) = (sheet.collection.read_untracked(), sheet.staged.read_untracked());
        let address = sheet.address.read_untracked();
        sheet.source.with_window(|window| {
            with(&SheetFaces {
                window,
                collection: &collection,
                staged: &staged,
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
            return Cow::Owned(label.to_string());
        }
        column.look.show(value)
    }
}

impl Faces for SheetFaces<'_> {
    fn row(&self, row: usize) -> RowState {
        let Some(row) = self.window.row(row) else {
            return RowState { loading: true, ..RowState::default() };
        };
        RowState { open: self.open == Some(row.key()), ..RowState::default() }
    }

    fn cell(&self, row: usize, column: &Column) -> Option<Face<'_>> {
        let row = self.window.row(row)?;
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
