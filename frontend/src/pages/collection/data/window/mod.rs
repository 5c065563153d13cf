//! The rows that are held: pages of a list, each fetched by the cursor of the one before where that is known, and by its place
//! where it is not.

mod shift;

use std::collections::HashMap;
use std::ops::Range;

use super::extent::Extent;
use crate::api::records::Start;

/// How many rows a page has.
pub const PAGE: usize = 100;
/// How many pages are held at most.
const HELD: usize = 60;
/// How many pages a request can pass over: the API skips at most ten million rows.
const FARTHEST: usize = 10_000_000 / PAGE;

struct Page<R> {
    rows: Vec<R>,
    next: Option<String>,
    /// Whether the list ends with it.
    is_last: bool,
    used: u64,
}

/// The pages of a list that are held. Rows that are hidden do not count: the places of the others are without them.
pub struct Window<R> {
    pages: HashMap<usize, Page<R>>,
    extent: Extent,
    /// The places of hidden rows in the list itself, in order.
    hidden: Vec<usize>,
    clock: u64,
}

impl<R> Window<R> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { pages: HashMap::new(), extent: Extent::default(), hidden: Vec::new(), clock: 0 }
    }

    /// How many rows the list has.
    pub fn extent(&mut self) -> &mut Extent {
        &mut self.extent
    }

    /// How many rows show, as far as is known.
    pub fn rows(&self) -> usize {
        self.extent.rows().saturating_sub(self.hidden.len())
    }

    /// Whether no page is held.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Whether rows are hidden.
    pub fn hides(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Where a row is in the list itself.
    fn in_list(&self, place: usize) -> usize {
        self.hidden.iter().fold(place, |place, hidden| if *hidden <= place { place + 1 } else { place })
    }

    /// The row at a place, where it is held.
    pub fn row(&self, place: usize) -> Option<&R> {
        let place = self.in_list(place);
        self.pages.get(&(place / PAGE))?.rows.get(place % PAGE)
    }

    /// Hides the held rows of which `is_hidden` says so, and no others.
    pub fn hide(&mut self, is_hidden: impl Fn(&R) -> bool) {
        let pages = self.pages.iter();
        let rows = pages.flat_map(|(page, held)| {
            held.rows.iter().enumerate().map(move |(at, row)| (page * PAGE + at, row))
        });
        self.hidden = rows.filter(|(_, row)| is_hidden(row)).map(|(place, _)| place).collect();
        self.hidden.sort_unstable();
    }

    /// Every row that is held, to be changed.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.pages.values_mut().flat_map(|page| &mut page.rows)
    }

    /// The pages that should be there for these rows to show, the most urgent first: theirs, then two ahead, then one behind.
    pub fn wanted(&mut self, shown: Range<usize>, forward: bool) -> Vec<usize> {
        let last_page = self.extent.rows().saturating_sub(1) / PAGE;
        let first = (self.in_list(shown.start) / PAGE).min(last_page);
        let last = (self.in_list(shown.end.saturating_sub(1)) / PAGE).clamp(first, last_page);
        let mut pages: Vec<usize> = (first..=last).collect();
        let (up, down) = (1..=first.min(2), last + 1..=last_page.min(last + 2));
        if forward {
            pages.extend(down);
            pages.extend(up.take(1).map(|back| first - back));
        } else {
            pages.extend(up.map(|back| first - back));
            pages.extend(down.take(1));
        }
        self.clock += 1;
        for page in &pages {
            if let Some(page) = self.pages.get_mut(page) {
                page.used = self.clock;
            }
        }
        pages
    }

    /// Whether a page is held, and whole.
    pub fn holds(&self, page: usize) -> bool {
        self.pages.get(&page).is_some_and(|page| page.is_last || page.rows.len() >= PAGE)
    }

    /// The page that a request can get on the way to that one, and where it begins: it is that one, but for those that are too far
    /// away from all that are held.
    pub fn start(&self, page: usize) -> (usize, Start) {
        let with_cursor = |before: usize| self.pages.get(&before)?.next.clone();
        if let Some(cursor) = page.checked_sub(1).and_then(with_cursor) {
            return (page, Start { cursor: Some(cursor), offset: 0 });
        }
        if page <= FARTHEST {
            return (page, Start { cursor: None, offset: page * PAGE });
        }
        let nearest = self.pages.keys().filter(|held| **held < page && with_cursor(**held).is_some()).max();
        let after = nearest.map_or(0, |nearest| nearest + 1);
        let reached = page.min(after + FARTHEST);
        let cursor = nearest.and_then(|nearest| with_cursor(*nearest));
        (reached, Start { cursor, offset: (reached - after) * PAGE })
    }

    /// Takes a page in, and lets go of those that were not looked at for the longest time.
    pub fn insert(&mut self, page: usize, rows: Vec<R>, next: Option<String>) {
        let end = page * PAGE + rows.len();
        match (&next, rows.is_empty()) {
            (Some(_), _) => self.extent.goes_beyond(end),
            (None, true) if page > 0 => self.extent.ends_before(end),
            (None, _) => self.extent.is(end),
        }
        if rows.is_empty() && page > 0 {
            return;
        }
        let is_last = next.is_none();
        self.pages.insert(page, Page { rows, next, is_last, used: self.clock });
        while self.pages.len() > HELD {
            let oldest = self.pages.iter().min_by_key(|(_, page)| page.used).map(|(index, _)| *index);
            oldest.map(|index| self.pages.remove(&index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(window: &mut Window<usize>, page: usize, next: Option<&str>) {
        let rows = (page * PAGE..(page + 1) * PAGE).collect();
        window.insert(page, rows, next.map(str::to_owned));
    }

    #[test]
    fn the_page_after_one_that_is_held_is_fetched_by_its_cursor() {
        let mut window = Window::new();
        assert_eq!(window.start(0), (0, Start { cursor: None, offset: 0 }));
        page(&mut window, 0, Some("a"));
        assert_eq!(window.start(1), (1, Start { cursor: Some("a".to_owned()), offset: 0 }));
        assert_eq!(window.start(7), (7, Start { cursor: None, offset: 700 }));
        assert_eq!(window.row(42), Some(&42));
        assert_eq!(window.row(142), None);
    }

    #[test]
    fn what_is_too_far_for_one_request_is_reached_in_several() {
        let mut window = Window::new();
        window.extent().believe(25_000_000);
        assert_eq!(window.start(100_000), (100_000, Start { cursor: None, offset: 10_000_000 }));
        assert_eq!(window.start(240_000), (100_000, Start { cursor: None, offset: 10_000_000 }));
        page(&mut window, 100_000, Some("a"));
        assert_eq!(
            window.start(240_000),
            (200_001, Start { cursor: Some("a".to_owned()), offset: 10_000_000 })
        );
        page(&mut window, 200_001, Some("b"));
        assert_eq!(
            window.start(240_000),
            (240_000, Start { cursor: Some("b".to_owned()), offset: 3_999_800 })
        );
    }

    #[test]
    fn hidden_rows_leave_no_gap() {
        let mut window = Window::new();
        page(&mut window, 0, Some("a"));
        window.insert(1, (100..150).collect(), None);
        window.hide(|row| [2, 3, 99, 120].contains(row));
        assert_eq!(window.rows(), 146);
        let shown: Vec<usize> = (0..146).filter_map(|place| window.row(place).copied()).collect();
        assert_eq!(shown, (0..150).filter(|row| ![2, 3, 99, 120].contains(row)).collect::<Vec<_>>());
        window.hide(|_| false);
        assert_eq!(window.row(2), Some(&2));
    }

    #[test]
    fn pages_ahead_are_wanted_in_the_direction_of_scrolling() {
        let mut window = Window::<usize>::new();
        window.extent().believe(10_000);
        assert_eq!(window.wanted(0..40, true), [0, 1, 2]);
        assert_eq!(window.wanted(5_080..5_120, true), [50, 51, 52, 53, 49]);
        assert_eq!(window.wanted(5_080..5_120, false), [50, 51, 49, 48, 52]);
        assert_eq!(window.wanted(9_960..10_000, true), [99, 98]);
        let mut nothing = Window::<usize>::new();
        assert_eq!(nothing.wanted(0..40, true), [0]);
    }

    #[test]
    fn what_was_not_looked_at_for_the_longest_time_goes_first() {
        let mut window = Window::new();
        window.extent().believe(1_000_000);
        for index in 0..HELD {
            window.wanted(index * PAGE..index * PAGE + 1, true);
            page(&mut window, index, Some("next"));
        }
        window.wanted(0..1, true);
        page(&mut window, 500, Some("next"));
        assert!(window.holds(0) && window.holds(500));
        assert!(!window.holds(3));
    }

    #[test]
    fn a_page_without_rows_says_that_the_list_ends_before_it() {
        let mut window = Window::<usize>::new();
        window.extent().believe(1_000);
        page(&mut window, 0, Some("a"));
        window.insert(9, Vec::new(), None);
        assert!(window.rows() < 900);
        window.insert(1, vec![1, 2, 3], None);
        assert_eq!(window.rows(), 103);
    }
}
