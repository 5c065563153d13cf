//! How many rows a list has, as far as is known: an estimate that is mended by what is found, so that nothing has to be counted.

/// What is known of a list's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// So many rows are there for sure.
    known: usize,
    /// From here on there are none, for sure.
    end: Option<usize>,
    /// What is believed between the two.
    estimate: usize,
    /// How much farther out the end is looked for next.
    step: usize,
}

impl Extent {
    /// How many rows there are, as far as is known.
    pub fn rows(&self) -> usize {
        let guess = self.estimate.max(self.known);
        self.end.map_or(guess, |end| guess.min(end))
    }

    /// Whether that is exactly how many there are.
    pub fn is_exact(&self) -> bool {
        self.end == Some(self.known)
    }

    /// What the planner believes. What has been seen counts for more.
    pub fn believe(&mut self, rows: usize) {
        (self.estimate, self.step) = (rows, 0);
        self.settle();
    }

    /// There are exactly so many.
    pub fn is(&mut self, rows: usize) {
        *self = Self { known: rows, end: Some(rows), estimate: rows, step: 0 };
    }

    /// There are so many and at least one more.
    pub fn goes_beyond(&mut self, rows: usize) {
        self.known = self.known.max(rows + 1);
        if self.end.is_some_and(|end| end < self.known) {
            self.end = None;
        }
        self.settle();
    }

    /// There is none at this place, nor behind it.
    pub fn ends_before(&mut self, place: usize) {
        self.known = self.known.min(place);
        self.end = Some(self.end.map_or(place, |end| end.min(place)));
        self.settle();
    }

    /// There is one more than there was.
    pub fn grows(&mut self) {
        self.known += 1;
        self.end = self.end.map(|end| end + 1);
        self.estimate += 1;
    }

    /// There is one less than there was.
    pub fn shrinks(&mut self) {
        self.known = self.known.saturating_sub(1);
        self.end = self.end.map(|end| end.saturating_sub(1));
        self.estimate = self.estimate.saturating_sub(1);
    }

    /// An estimate that cannot be is moved to where the end will be found in few steps: farther out while none is known, and
    /// halfway between what is there and what is not.
    fn settle(&mut self) {
        match self.end {
            Some(end) if self.estimate >= end || self.estimate <= self.known => {
                self.estimate = self.known + (end - self.known).div_ceil(2);
            }
            None if self.estimate <= self.known => {
                self.step = (self.step * 2).max(self.known / 16).max(100);
                self.estimate = self.known + self.step;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at the end again and again, as a view that stays there does, until it is found.
    fn steps_to_find(rows: usize, believed: usize, page: usize) -> usize {
        let mut extent = Extent::default();
        extent.believe(believed);
        for step in 1.. {
            let place = extent.rows().saturating_sub(1) / page * page;
            match rows.checked_sub(place) {
                Some(0) | None if place > 0 => extent.ends_before(place),
                Some(left) if left > page => extent.goes_beyond(place + page),
                left => extent.is(place + left.unwrap_or_default()),
            }
            if extent.is_exact() {
                assert_eq!(extent.rows(), rows);
                return step;
            }
            assert!(step < 60, "{extent:?} does not find {rows} from {believed}");
        }
        unreachable!()
    }

    #[test]
    fn the_end_is_found_in_few_steps_however_wrong_the_estimate_was() {
        assert_eq!(steps_to_find(336_776, 336_776, 100), 1);
        assert_eq!(steps_to_find(0, 0, 100), 1);
        for rows in [0, 1, 99, 100, 101, 200, 5_000, 336_776] {
            for believed in [0, 1, 100, 4_990, 330_000, 336_700, 336_800, 400_000, 10_000_000] {
                assert!(steps_to_find(rows, believed, 100) < 40, "{rows} rows, {believed} believed");
            }
        }
        assert!(steps_to_find(336_776, 330_000, 100) <= 12);
    }

    #[test]
    fn what_is_seen_counts_for_more_than_what_is_believed() {
        let mut extent = Extent::default();
        extent.believe(1_000);
        assert_eq!((extent.rows(), extent.is_exact()), (1_000, false));
        extent.goes_beyond(2_000);
        assert!(extent.rows() > 2_000);
        extent.is(2_050);
        assert_eq!((extent.rows(), extent.is_exact()), (2_050, true));
        extent.grows();
        assert_eq!((extent.rows(), extent.is_exact()), (2_051, true));
        extent.shrinks();
        extent.goes_beyond(2_050);
        assert!(!extent.is_exact());
    }
}
