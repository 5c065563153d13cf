//! How the keyboard moves over the cells.

use super::super::sheet::Place;

/// A move of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One cell.
    Up,
    /// One cell.
    Down,
    /// One cell.
    Left,
    /// One cell.
    Right,
    /// As many rows as show.
    PageUp,
    /// As many rows as show.
    PageDown,
    /// To the beginning of the row.
    RowStart,
    /// To the end of the row.
    RowEnd,
    /// To the first row.
    FirstRow,
    /// To the last row.
    LastRow,
}

impl Step {
    /// The move that a key stands for; `far` where the control or command key is held.
    pub fn of(key: &str, far: bool) -> Option<Self> {
        Some(match (key, far) {
            ("ArrowUp", false) => Self::Up,
            ("ArrowDown", false) => Self::Down,
            ("ArrowLeft", false) => Self::Left,
            ("ArrowRight", false) => Self::Right,
            ("PageUp", _) => Self::PageUp,
            ("PageDown", _) => Self::PageDown,
            ("Home", false) | ("ArrowLeft", true) => Self::RowStart,
            ("End", false) | ("ArrowRight", true) => Self::RowEnd,
            ("Home", true) | ("ArrowUp", true) => Self::FirstRow,
            ("End", true) | ("ArrowDown", true) => Self::LastRow,
            _ => return None,
        })
    }

    /// Where it leads, in a grid of that size of which so many rows show. Above the first row is the header.
    pub fn from(self, place: Place, rows: usize, columns: usize, page: usize) -> Place {
        let last = rows.checked_sub(1);
        let down = |by: usize| match place.row {
            None => last.map(|last| (by - 1).min(last)),
            Some(row) => last.map(|last| (row + by).min(last)),
        };
        let row = match self {
            Self::Up => place.row.and_then(|row| row.checked_sub(1)),
            Self::PageUp => place.row.map(|row| row.saturating_sub(page)),
            Self::Down => down(1),
            Self::PageDown => down(page),
            Self::FirstRow => last.map(|_| 0),
            Self::LastRow => last,
            Self::Left | Self::Right | Self::RowStart | Self::RowEnd => place.row,
        };
        let end = columns.saturating_sub(1);
        let column = match self {
            Self::Left => place.column.saturating_sub(1),
            Self::Right => place.column + 1,
            Self::RowStart => 0,
            Self::RowEnd => end,
            _ => place.column,
        };
        Place { row, column: column.min(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(keys: &[(&str, bool)], rows: usize) -> (Option<usize>, usize) {
        let mut place = Place { row: Some(0), column: 0 };
        for (key, far) in keys {
            place = Step::of(key, *far).expect("a key that moves").from(place, rows, 5, 20);
        }
        (place.row, place.column)
    }

    #[test]
    fn keys_move_within_the_grid() {
        assert_eq!(go(&[("ArrowDown", false), ("ArrowRight", false)], 100), (Some(1), 1));
        assert_eq!(go(&[("End", true), ("PageUp", false), ("End", false)], 100), (Some(79), 4));
        assert_eq!(go(&[("PageDown", false), ("Home", true)], 100), (Some(0), 0));
        assert_eq!(go(&[("PageDown", false)], 7), (Some(6), 0));
        assert_eq!(go(&[("ArrowLeft", false), ("ArrowRight", true), ("ArrowRight", false)], 7), (Some(0), 4));
        assert_eq!(Step::of("a", false), None);
    }

    #[test]
    fn above_the_first_row_is_the_header() {
        assert_eq!(go(&[("ArrowUp", false), ("ArrowRight", false)], 100), (None, 1));
        assert_eq!(go(&[("ArrowUp", false), ("ArrowUp", false), ("ArrowDown", false)], 100), (Some(0), 0));
        assert_eq!(go(&[("ArrowUp", false), ("PageDown", false)], 100), (Some(19), 0));
        assert_eq!(go(&[("ArrowUp", false), ("ArrowDown", false)], 0), (None, 0));
    }
}
