//! Rows that come and go among those that are held. What is held without a gap moves with them; what lies beyond a gap is let go of,
//! since it is not known which rows fill that.

use super::{PAGE, Page, Window};

impl<R> Window<R> {
    /// The rows that are held, in order, with their places in the list itself.
    pub fn held(&self) -> impl Iterator<Item = (usize, &R)> {
        let mut pages: Vec<_> = self.pages.iter().collect();
        pages.sort_unstable_by_key(|(index, _)| **index);
        pages.into_iter().flat_map(|(index, page)| {
            let start = index * PAGE;
            page.rows.iter().enumerate().map(move |(at, row)| (start + at, row))
        })
    }

    /// Whether the list ends with the row at that place.
    pub fn ends_with(&self, place: usize) -> bool {
        self.pages
            .get(&(place / PAGE))
            .is_some_and(|page| page.is_last && page.rows.len() == place % PAGE + 1)
    }

    /// Where a row shows that has that place in the list itself.
    pub fn shown(&self, place: usize) -> usize {
        place - self.hidden.iter().filter(|hidden| **hidden < place).count()
    }

    /// Puts a row in, before the one that is held at that place or behind the last one.
    pub fn put_in(&mut self, place: usize, row: R) {
        self.extent.grows();
        let (mut index, mut at, mut carried) = (place / PAGE, place % PAGE, row);
        loop {
            let Some(page) = self.pages.get_mut(&index) else {
                let is_end = index.checked_sub(1).and_then(|before| self.pages.get_mut(&before));
                if let Some(before) = is_end.filter(|before| before.is_last) {
                    before.is_last = false;
                    let rows = vec![carried];
                    self.pages.insert(index, Page { rows, next: None, is_last: true, used: self.clock });
                } else {
                    self.let_go_from(index);
                }
                return;
            };
            // It ends with another row now, or with the same at another place.
            page.next = None;
            page.rows.insert(at.min(page.rows.len()), carried);
            if page.rows.len() <= PAGE {
                return;
            }
            let Some(last) = page.rows.pop() else { return };
            (index, at, carried) = (index + 1, 0, last);
        }
    }

    /// Takes out the row at that place.
    pub fn take_out(&mut self, place: usize) {
        let mut index = place / PAGE;
        let Some(page) = self.pages.get_mut(&index).filter(|page| place % PAGE < page.rows.len()) else {
            return;
        };
        self.extent.shrinks();
        page.rows.remove(place % PAGE);
        loop {
            let next = self
                .pages
                .get_mut(&(index + 1))
                .map(|next| (next.rows.remove(0), next.rows.is_empty(), next.is_last));
            let Some(page) = self.pages.get_mut(&index) else { return };
            page.next = None;
            let Some((row, is_empty, is_last)) = next else {
                if !page.is_last {
                    self.let_go_from(index + 1);
                }
                return;
            };
            page.rows.push(row);
            if is_empty {
                page.is_last = is_last;
                self.pages.remove(&(index + 1));
                return;
            }
            index += 1;
        }
    }

    fn let_go_from(&mut self, index: usize) {
        self.pages.retain(|page, _| *page < index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of so many rows of which these pages are held.
    fn window(rows: usize, pages: &[usize]) -> Window<usize> {
        let mut window = Window::new();
        window.extent().believe(rows);
        for page in pages {
            let end = ((page + 1) * PAGE).min(rows);
            let next = (end < rows).then(|| "next".to_owned());
            window.insert(*page, (page * PAGE * 10..end * 10).step_by(10).collect(), next);
        }
        window
    }

    fn rows(window: &Window<usize>) -> Vec<usize> {
        window.held().map(|(_, row)| *row).collect()
    }

    #[test]
    fn rows_move_on_from_page_to_page() {
        let mut window = window(250, &[0, 1, 2]);
        let mut expected = rows(&window);
        for (place, row) in [(0, 1), (100, 2), (252, 3), (40, 4)] {
            window.put_in(place, row);
            expected.insert(place, row);
            assert_eq!(rows(&window), expected);
            assert_eq!(window.row(place), Some(&row));
        }
        assert_eq!((window.rows(), window.ends_with(253)), (254, true));
        for place in [0, 100, 251, 40, 99] {
            window.take_out(place);
            expected.remove(place);
            assert_eq!(rows(&window), expected);
        }
        assert_eq!((window.rows(), window.holds(2)), (249, true));
    }

    #[test]
    fn the_last_page_comes_and_goes_with_its_only_row() {
        let mut window = window(200, &[0, 1]);
        window.put_in(200, 1);
        assert_eq!((window.row(200), window.rows(), window.ends_with(200)), (Some(&1), 201, true));
        window.take_out(5);
        assert_eq!((window.rows(), window.ends_with(199), window.holds(2)), (200, true, false));
        for _ in 0..200 {
            window.take_out(0);
        }
        assert_eq!((window.rows(), rows(&window).len(), window.holds(0)), (0, 0, true));
        window.put_in(0, 7);
        assert_eq!((rows(&window), window.ends_with(0)), (vec![7], true));
    }

    #[test]
    fn what_is_beyond_a_gap_is_let_go_of() {
        let mut window = window(1000, &[0, 1, 7]);
        window.take_out(3);
        assert!(window.holds(0) && !window.holds(1) && !window.holds(7));
        assert_eq!((window.row(198), window.row(199), window.rows()), (Some(&1990), None, 999));
        // The page before it is as it was: what is missing is read behind its end.
        let mut window = self::window(1000, &[0, 1, 7]);
        window.take_out(103);
        assert_eq!(window.start(1), (1, super::super::Start { cursor: Some("next".to_owned()), offset: 0 }));
        window.put_in(7, 1);
        assert!(window.holds(0) && !window.holds(7));
    }

    #[test]
    fn hidden_rows_have_no_place_that_shows() {
        let mut window = window(50, &[0]);
        window.hide(|row| [20, 30].contains(row));
        assert_eq!([0, 2, 4, 10].map(|place| window.shown(place)), [0, 2, 2, 8]);
    }
}
