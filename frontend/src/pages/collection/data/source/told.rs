//! What is told of rows as they are committed, put in where they are held.

use std::collections::HashSet;

use leptos::prelude::WithUntracked;

use super::super::order::Order;
use super::super::window::Window;
use super::{Source, State};
use crate::api::records::{Listing, Row};

/// For how long a row stands out that has changed, in milliseconds; as in the styles.
const STANDS_OUT: f64 = 1600.0;

/// What was told of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It came among those of the list.
    Came(Row),
    /// It is among them as before, with other values.
    Changed(Row),
    /// The row of that key is not among them any more.
    Left(String),
}

/// Rows from a place on show one place later than before, or earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The first place that shows another row.
    pub place: usize,
    /// Whether a row came there; elsewise one has left.
    pub came: bool,
}

/// What was told of the rows of a list.
#[derive(Default)]
pub(super) struct Told {
    /// What was told since the oldest request that is under way: its answer may be older.
    since: Vec<Change>,
    /// Puts that in again; set by who tells, so that a list of which nothing is told does without.
    again: Option<fn(Source, &mut State)>,
    /// The keys of rows that came and whose place is not known.
    pub(super) new: HashSet<String>,
    /// The keys of rows whose place is another one by now.
    pub(super) moved: HashSet<String>,
    /// The keys of rows that have changed just now, until when they stand out, and whether another way than before: they are few.
    changed: Vec<(String, f64, bool)>,
}

impl Told {
    /// Whether a row stands out; each time another way than the time before.
    pub(super) fn stands_out(&self, key: &str) -> Option<bool> {
        self.changed.iter().find(|(changed, ..)| changed == key).map(|(.., again)| *again)
    }

    fn stand_out(&mut self, key: &str, now: f64) {
        let again = self.stands_out(key).is_some_and(|again| !again);
        self.calm(key);
        self.changed.push((key.to_owned(), now + STANDS_OUT, again));
    }

    fn calm(&mut self, key: &str) {
        self.changed.retain(|(changed, ..)| changed != key);
    }

    /// What puts in again what was told while a page was on its way, where something was.
    pub(super) fn again(&self) -> Option<fn(Source, &mut State)> {
        self.again.filter(|_| !self.since.is_empty())
    }

    /// Another list, or the same read anew.
    pub(super) fn begin(&mut self) {
        self.new.clear();
        self.moved.clear();
        self.since.clear();
    }
}

/// What is told of a row that is not held.
struct News {
    /// Whether the length of the list does not count it yet.
    is_news: bool,
    /// Whether it came among the rows of the list; elsewise it was elsewhere among them.
    is_new: bool,
    now: f64,
}

/// Where a row belongs.
enum Spot {
    /// At that place in the list itself.
    At(usize),
    /// Among rows that are not held.
    Elsewhere,
    /// The database alone knows.
    Unknown,
}

/// Puts in what was told while a page was on its way.
fn again(source: Source, state: &mut State) {
    state.tell_again(source.order_of(&state.listing).as_ref(), js_sys::Date::now());
}

impl State {
    /// Puts in what was told while a page was on its way, which may be older.
    fn tell_again(&mut self, order: Option<&Order>, now: f64) {
        let since = std::mem::take(&mut self.told.since);
        for change in &since {
            self.put(change, order, now, false);
        }
        if !self.requests.is_empty() {
            self.told.since = since;
        }
        let held: HashSet<&str> = self.window.held().map(|(_, row)| row.key()).collect();
        self.told.new.retain(|key| !held.contains(key.as_str()));
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.window.held().find(|(_, row)| row.key() == key).map(|(place, _)| place)
    }

    fn spot(&self, row: &Row, order: Option<&Order>) -> Spot {
        let held: Vec<(usize, &Row)> =
            self.window.held().filter(|(_, row)| !self.told.moved.contains(row.key())).collect();
        if held.is_empty() && self.window.holds(0) {
            return Spot::At(0);
        }
        let Some(order) = order else { return Spot::Unknown };
        let mut is_known = true;
        let after = held.partition_point(|(_, held)| {
            let order = order.compare(held, row);
            is_known &= order.is_some();
            order.is_some_and(std::cmp::Ordering::is_lt)
        });
        let before = after.checked_sub(1).map(|before| held[before].0);
        match (before, held.get(after)) {
            _ if !is_known => Spot::Unknown,
            (None, Some((0, _))) => Spot::At(0),
            (Some(before), Some((next, _))) if before + 1 == *next => Spot::At(*next),
            (Some(before), None) if self.window.ends_with(before) => Spot::At(before + 1),
            _ => Spot::Elsewhere,
        }
    }

    /// Puts one change in; the move that comes of it. `is_news` is false where the length of the list counts it already.
    fn put(&mut self, change: &Change, order: Option<&Order>, now: f64, is_news: bool) -> Option<Move> {
        match change {
            Change::Came(row) | Change::Changed(row) => {
                for before in self.before.iter_mut().flat_map(Window::rows_mut) {
                    if before.key() == row.key() {
                        *before = row.clone();
                    }
                }
                match self.find(row.key()) {
                    Some(place) => {
                        self.change(place, row, order, now);
                        None
                    }
                    None => {
                        let news = News { is_news, is_new: matches!(change, Change::Came(_)), now };
                        self.come(row, order, news)
                    }
                }
            }
            Change::Left(key) => {
                self.told.moved.remove(key);
                let was_new = self.told.new.remove(key);
                self.told.calm(key);
                let Some(place) = self.find(key) else {
                    if is_news && !was_new {
                        self.window.extent().shrinks();
                    }
                    return None;
                };
                let shown = self.window.shown(place);
                let is_hidden = self.hidden.contains(key);
                self.window.take_out(place);
                self.hide();
                (!is_hidden).then_some(Move { place: shown, came: false })
            }
        }
    }

    /// A row that is held has other values.
    fn change(&mut self, place: usize, row: &Row, order: Option<&Order>, now: f64) {
        let held: Vec<(usize, &Row)> = self.window.held().collect();
        let Some(at) = held.iter().position(|(held, _)| *held == place) else { return };
        if held[at].1 == row {
            return;
        }
        let is_in_order = match order {
            Some(order) => {
                let fits = |one: Option<&(usize, &Row)>, is_before: bool| {
                    one.is_none_or(|(_, other)| {
                        let order = order.compare(other, row);
                        order.is_none_or(|order| order.is_lt() == is_before)
                    })
                };
                fits(at.checked_sub(1).and_then(|before| held.get(before)), true)
                    && fits(held.get(at + 1), false)
            }
            None => self.sorted_by.iter().all(|field| held[at].1.value(*field) == row.value(*field)),
        };
        let key = row.key().to_owned();
        if let Some(held) = self.window.rows_mut().find(|held| held.key() == key) {
            *held = row.clone();
        }
        self.told.stand_out(&key, now);
        if is_in_order {
            self.told.moved.remove(&key);
        } else {
            self.told.moved.insert(key);
        }
    }

    /// A row is told of that is not held.
    fn come(&mut self, row: &Row, order: Option<&Order>, news: News) -> Option<Move> {
        let News { is_news, is_new, now } = news;
        match self.spot(row, order) {
            Spot::At(place) if is_new => {
                let shown = self.window.shown(place);
                self.window.put_in(place, row.clone());
                self.told.stand_out(row.key(), now);
                self.hide();
                return (!self.hidden.contains(row.key())).then_some(Move { place: shown, came: true });
            }
            Spot::Elsewhere if is_new && is_news => self.window.extent().grows(),
            // It was elsewhere in the list, and belongs here by now.
            Spot::At(_) => drop(self.told.moved.insert(row.key().to_owned())),
            Spot::Unknown if is_new => drop(self.told.new.insert(row.key().to_owned())),
            Spot::Elsewhere | Spot::Unknown => {}
        }
        None
    }
}

impl Source {
    /// Puts in what was told; the moves that come of it, in turn.
    pub fn tell(self, changes: Vec<Change>) -> Vec<Move> {
        let mut moves = Vec::new();
        let (order, now) = (self.order_of(&self.listing()), js_sys::Date::now());
        self.change(|state| {
            // A list that could not be read is no list.
            if state.window.is_empty() && state.requests.is_empty() {
                return;
            }
            moves =
                changes.iter().filter_map(|change| state.put(change, order.as_ref(), now, true)).collect();
            if !state.requests.is_empty() {
                state.told.since.extend(changes);
                state.told.again = Some(again);
            }
        });
        self.touch();
        let calm = move || {
            self.change(|state| {
                let now = js_sys::Date::now();
                state.told.changed.retain(|(_, until, _)| *until > now);
            });
            self.touch();
        };
        leptos::prelude::set_timeout(calm, std::time::Duration::from_millis(STANDS_OUT as u64 + 50));
        moves
    }

    /// The row of a key, where it is here.
    pub fn find(self, key: &str) -> Option<Row> {
        let state = self.state();
        let state = state.borrow();
        state.window.held().find(|(_, row)| row.key() == key).map(|(_, row)| row.clone())
    }

    /// The order of a list, as far as it is known here.
    fn order_of(self, listing: &Listing) -> Option<Order> {
        self.collection.try_with_untracked(|collection| Order::of(collection, listing)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::books;
    use super::*;

    fn row(id: usize, title: &str) -> Row {
        let text = format!(r#"{{"id":"00000000-0000-0000-0000-{id:012}","title":"{title}"}}"#);
        Row::parse(&books(), &text).expect("a row")
    }

    /// A list of the rows 0, 10, 20 …, so many of them, of which the first page is held.
    fn state(rows: usize) -> State {
        let mut state = State::new(HashSet::new());
        let held = (0..rows.min(100)).map(|place| row(place * 10, "a")).collect();
        state.window.extent().believe(rows);
        state.window.insert(0, held, (rows > 100).then(|| "next".to_owned()));
        state
    }

    fn tell(state: &mut State, change: Change, sort: &[&str]) -> Option<Move> {
        let sort = sort.iter().map(|key| (*key).to_owned()).collect();
        let order = Order::of(&books(), &Listing { sort, ..Listing::default() });
        state.put(&change, order.as_ref(), 0.0, true)
    }

    fn shown(state: &State) -> Vec<&str> {
        (0..state.window.rows()).filter_map(|place| state.row(place)?.value(2)).collect()
    }

    #[test]
    fn a_row_comes_to_its_place_and_leaves_it() {
        let mut state = state(3);
        let came = tell(&mut state, Change::Came(row(15, "b")), &[]);
        assert_eq!(came, Some(Move { place: 2, came: true }));
        assert_eq!(shown(&state), [r#""a""#, r#""a""#, r#""b""#, r#""a""#]);
        assert_eq!(state.told.stands_out(row(15, "b").key()), Some(false));
        let last = tell(&mut state, Change::Came(row(99, "c")), &[]);
        assert_eq!((last, state.window.rows()), (Some(Move { place: 4, came: true }), 5));
        let left = tell(&mut state, Change::Left(row(0, "a").key().to_owned()), &[]);
        assert_eq!((left, state.window.rows()), (Some(Move { place: 0, came: false }), 4));
    }

    #[test]
    fn a_row_changes_in_place_and_stands_out_anew_each_time() {
        let mut state = state(3);
        for again in [false, true, false] {
            assert_eq!(tell(&mut state, Change::Changed(row(10, if again { "y" } else { "x" })), &[]), None);
            assert_eq!(state.told.stands_out(row(10, "").key()), Some(again));
        }
        assert_eq!(shown(&state), [r#""a""#, r#""x""#, r#""a""#]);
        // What is told twice stands out once.
        let mut state = self::state(3);
        tell(&mut state, Change::Changed(row(10, "a")), &[]);
        assert_eq!(state.told.stands_out(row(10, "a").key()), None);
    }

    #[test]
    fn a_row_whose_place_is_not_known_waits() {
        let mut state = state(3);
        assert_eq!(tell(&mut state, Change::Came(row(15, "b")), &["title"]), None);
        assert_eq!((state.window.rows(), state.told.new.len()), (3, 1));
        tell(&mut state, Change::Left(row(15, "b").key().to_owned()), &["title"]);
        assert_eq!((state.window.rows(), state.told.new.len()), (3, 0));
        state.sorted_by = vec![2];
        tell(&mut state, Change::Changed(row(10, "z")), &["title"]);
        assert_eq!((state.told.moved.len(), shown(&state)[1]), (1, r#""z""#));
        // Of an empty list every place is known.
        let mut empty = self::state(0);
        assert_eq!(
            tell(&mut empty, Change::Came(row(1, "a")), &["title"]),
            Some(Move { place: 0, came: true })
        );
    }

    #[test]
    fn what_comes_elsewhere_is_counted() {
        let mut state = state(1000);
        assert_eq!(tell(&mut state, Change::Came(row(5000, "b")), &[]), None);
        assert_eq!(state.window.rows(), 1001);
        tell(&mut state, Change::Left(row(7000, "b").key().to_owned()), &[]);
        assert_eq!((state.window.rows(), state.told.new.len()), (1000, 0));
    }

    #[test]
    fn what_was_told_while_a_page_was_on_its_way_is_not_lost() {
        let mut state = state(3);
        state.told.since = vec![
            Change::Changed(row(10, "x")),
            Change::Came(row(15, "b")),
            Change::Left(row(20, "a").key().to_owned()),
        ];
        state.tell_again(Order::of(&books(), &Listing::default()).as_ref(), 0.0);
        assert_eq!(shown(&state), [r#""a""#, r#""x""#, r#""b""#]);
        assert!(state.told.since.is_empty());
    }
}
