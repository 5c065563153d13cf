//! The views of a collection, found by what changes: each by the values that it demands in one column, as far as it demands any.

use std::collections::{BTreeSet, HashMap};

use super::demand::Demand;
use crate::evaluator::Image;

/// The numbers of views, by what a row must have to concern them.
#[derive(Debug, Default)]
pub struct Index {
    by_value: HashMap<usize, HashMap<Box<str>, BTreeSet<usize>>>,
    others: BTreeSet<usize>,
}

impl Index {
    /// Adds a view. Gives the number of the demand by which it is found: that which leads to the fewest others, so that what all of them
    /// demand alike does not put them into one place.
    pub fn insert(&mut self, demands: &[Demand], view: usize) -> Option<usize> {
        let least =
            demands.iter().enumerate().min_by_key(|(_, demand)| (self.crowd(demand), demand.values.len()));
        match least {
            Some((_, demand)) => {
                let values = self.by_value.entry(demand.column).or_default();
                for value in &demand.values {
                    values.entry(value.clone()).or_default().insert(view);
                }
            }
            None => _ = self.others.insert(view),
        }
        least.map(|(number, _)| number)
    }

    /// Takes a view away that is found by that demand.
    pub fn remove(&mut self, demand: Option<&Demand>, view: usize) {
        let Some(demand) = demand else {
            self.others.remove(&view);
            return;
        };
        let Some(values) = self.by_value.get_mut(&demand.column) else { return };
        for value in &demand.values {
            if let Some(views) = values.get_mut(value) {
                views.remove(&view);
                if views.is_empty() {
                    values.remove(value);
                }
            }
        }
        if values.is_empty() {
            self.by_value.remove(&demand.column);
        }
    }

    /// Whether there are no views.
    pub fn is_empty(&self) -> bool {
        self.by_value.is_empty() && self.others.is_empty()
    }

    /// How many views have the values of a demand already.
    fn crowd(&self, demand: &Demand) -> usize {
        let Some(values) = self.by_value.get(&demand.column) else { return 0 };
        demand.values.iter().filter_map(|value| values.get(value)).map(BTreeSet::len).sum()
    }

    /// The views that a change may concern, each once.
    pub fn concerned(&self, old: Option<&Image>, new: Option<&Image>) -> Vec<usize> {
        let mut concerned: Vec<usize> = self.others.iter().copied().collect();
        for (column, values) in &self.by_value {
            let (before, after) =
                (old.and_then(|row| row.get(*column)), new.and_then(|row| row.get(*column)));
            let found = |value: Option<&str>| value.and_then(|value| values.get(value));
            let told = found(after);
            concerned.extend(told.into_iter().flatten());
            if before != after {
                // A view that both values lead to is there already.
                let is_told = |view: &&usize| told.is_some_and(|told| told.contains(*view));
                concerned.extend(found(before).into_iter().flatten().filter(|view| !is_told(view)));
            }
        }
        concerned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(column: usize, values: &[&str]) -> Demand {
        Demand { column, values: values.iter().map(|value| (*value).into()).collect() }
    }

    fn row(kind: &str, room: &str) -> Image {
        Image::new([Some(kind), Some(room)])
    }

    #[test]
    fn what_all_demand_alike_puts_few_into_one_place() {
        let mut index = Index::default();
        let rooms: Vec<String> = (0..100).map(|room| room.to_string()).collect();
        let demands: Vec<_> = rooms.iter().map(|room| [demand(0, &["public"]), demand(1, &[room])]).collect();
        let found: Vec<_> =
            demands.iter().enumerate().map(|(view, demands)| index.insert(demands, view)).collect();
        let concerned = index.concerned(None, Some(&row("public", "7")));
        assert!(concerned.contains(&7) && concerned.len() <= 2, "{concerned:?}");
        for (view, (demands, by)) in demands.iter().zip(found).enumerate() {
            index.remove(by.map(|by| &demands[by]), view);
        }
        assert!(index.is_empty());
    }

    #[test]
    fn a_change_concerns_those_who_are_about_either_row_once() {
        let mut index = Index::default();
        for (view, demands) in [
            vec![],
            vec![demand(1, &["a"])],
            vec![demand(1, &["b"])],
            vec![demand(1, &["a", "b"])],
            vec![demand(1, &[])],
        ]
        .iter()
        .enumerate()
        {
            index.insert(demands, view);
        }
        let mut concerned = index.concerned(Some(&row("", "a")), Some(&row("", "b")));
        concerned.sort_unstable();
        assert_eq!(concerned, [0, 1, 2, 3]);
        assert_eq!(index.concerned(Some(&row("", "c")), None), [0]);
        index.remove(None, 0);
        assert_eq!(index.concerned(Some(&row("", "c")), None), [0; 0]);
    }
}
