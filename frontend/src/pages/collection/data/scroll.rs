//! Where the view over the rows is. It is a place of its own, not the browser's, which has no room for millions of rows: the
//! scrollbar is a picture of it, scaled.

/// The shortest thumb that can be taken hold of, in pixels.
const SHORTEST_THUMB: f64 = 32.0;

/// The view over the rows, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scroll {
    /// How far down it is.
    pub top: f64,
    /// How much it shows.
    pub height: f64,
    /// How tall a row is.
    pub row: f64,
    /// How many rows there are.
    pub rows: usize,
}

impl Scroll {
    /// The farthest down that it can be.
    pub fn bottom(&self) -> f64 {
        (self.rows as f64 * self.row - self.height).max(0.0)
    }

    /// Moves it to a place, or as near as it can be.
    pub fn to(&mut self, top: f64) {
        self.top = top.clamp(0.0, self.bottom());
    }

    /// Moves it as little as shows a whole row.
    pub fn reveal(&mut self, row: usize) {
        let (from, to) = (row as f64 * self.row, (row + 1) as f64 * self.row);
        if from < self.top {
            self.to(from);
        } else if to > self.top + self.height {
            self.to(to - self.height);
        }
    }

    /// The first row that shows.
    pub fn first(&self) -> usize {
        if self.row > 0.0 { (self.top / self.row) as usize } else { 0 }
    }

    /// How many rows fit in, also those that show in part.
    pub fn fitting(&self) -> usize {
        if self.row > 0.0 { (self.height / self.row).ceil() as usize + 1 } else { 0 }
    }

    /// How many whole rows show: a page of the keyboard.
    pub fn whole(&self) -> usize {
        ((self.height / self.row.max(1.0)) as usize).max(1)
    }

    /// Where the thumb of a scrollbar of that length begins, and how long it is; `None` where everything shows.
    pub fn thumb(&self, track: f64) -> Option<(f64, f64)> {
        let bottom = self.bottom();
        if bottom <= 0.0 || track <= 0.0 {
            return None;
        }
        let share = self.height / (self.rows as f64 * self.row);
        let length = (track * share).max(SHORTEST_THUMB).min(track);
        Some(((track - length) * (self.top / bottom), length))
    }

    /// Moves it to where the thumb of a scrollbar of that length begins there.
    pub fn drag(&mut self, track: f64, start: f64) {
        if let Some((_, length)) = self.thumb(track) {
            self.to(self.bottom() * (start / (track - length).max(1.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flights() -> Scroll {
        Scroll { top: 0.0, height: 640.0, row: 32.0, rows: 336_776 }
    }

    #[test]
    fn the_thumb_goes_from_one_end_to_the_other_however_many_rows_there_are() {
        for rows in [30, 336_776, 10_000_000_000] {
            let mut scroll = Scroll { rows, ..flights() };
            let (start, length) = scroll.thumb(640.0).expect("more than fits");
            assert_eq!(start, 0.0);
            assert!((SHORTEST_THUMB..640.0).contains(&length));
            scroll.drag(640.0, 640.0 - length);
            assert_eq!(scroll.top, scroll.bottom());
            scroll.drag(640.0, -50.0);
            assert_eq!(scroll.top, 0.0);
        }
        assert_eq!(Scroll { rows: 20, ..flights() }.thumb(640.0), None);
        assert_eq!(Scroll::default().thumb(0.0), None);
    }

    #[test]
    fn a_row_is_revealed_by_the_smallest_move() {
        let mut scroll = flights();
        scroll.reveal(19);
        assert_eq!(scroll.top, 0.0);
        scroll.reveal(20);
        assert_eq!(scroll.top, 32.0);
        scroll.reveal(336_775);
        assert_eq!(scroll.top, scroll.bottom());
        scroll.reveal(0);
        assert_eq!((scroll.top, scroll.first()), (0.0, 0));
    }

    #[test]
    fn as_many_rows_are_needed_as_show_at_any_place() {
        assert_eq!(flights().fitting(), 21);
        assert_eq!(Scroll { height: 650.0, ..flights() }.fitting(), 22);
        assert_eq!(flights().whole(), 20);
    }
}
