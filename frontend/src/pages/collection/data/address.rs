//! What of the view stands in the page's address, so that it can be linked to, kept and gone back to.

use crate::api::records::Listing;
use crate::url::Change;

/// The part of the view that its address says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Which rows, in which order.
    pub listing: Listing,
    /// The columns that show, in order, where the address says so.
    pub columns: Option<Vec<String>>,
    /// The key of the row that is open.
    pub record: Option<String>,
    /// Whether a row is being made.
    pub new: bool,
}

impl Address {
    /// Reads it from the values of a query.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| get(name).unwrap_or_default();
        Self {
            listing: Listing { filter: text("filter"), search: text("search"), sort: names(&text("sort")) },
            columns: get("columns").map(|list| names(&list)).filter(|columns| !columns.is_empty()),
            record: get("record"),
            new: get("new").is_some(),
        }
    }

    /// What a query has to say for it.
    pub fn changes(&self) -> [Change<'static>; 6] {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        [
            ("filter", some(&self.listing.filter)),
            ("search", some(&self.listing.search)),
            ("sort", some(&self.listing.sort.join(","))),
            ("columns", self.columns.as_ref().map(|columns| columns.join(","))),
            ("record", self.record.clone()),
            ("new", self.new.then(String::new)),
        ]
    }

    /// Closes what is open beside the grid.
    pub fn close(&mut self) {
        (self.record, self.new) = (None, false);
    }

    /// How a field is sorted: its place among the fields that are, from 1, and whether it is descending.
    pub fn sorted(&self, field: &str) -> Option<(usize, bool)> {
        self.listing.sort.iter().enumerate().find_map(|(index, key)| match key.strip_prefix('-') {
            Some(name) => (name == field).then_some((index + 1, true)),
            None => (key == field).then_some((index + 1, false)),
        })
    }

    /// Sorts by a field: ascending, then descending, then not at all; beside the fields that are sorted by already, or alone.
    pub fn toggle_sort(&mut self, field: &str, beside: bool) {
        let next = match self.sorted(field) {
            None => Some(field.to_owned()),
            Some((_, false)) => Some(format!("-{field}")),
            Some((_, true)) => None,
        };
        self.set_sort(field, next, beside);
    }

    /// Sorts by a field as `key` says, which is the field with or without `-`, or not by it.
    pub fn set_sort(&mut self, field: &str, key: Option<String>, beside: bool) {
        let sort = &mut self.listing.sort;
        if !beside {
            *sort = key.into_iter().collect();
            return;
        }
        let place = sort.iter().position(|key| key.trim_start_matches('-') == field);
        match (place, key) {
            (Some(place), Some(key)) => sort[place] = key,
            (Some(place), None) => drop(sort.remove(place)),
            (None, key) => sort.extend(key),
        }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_address_says_the_whole_view() {
        let address = Address {
            listing: Listing {
                filter: r#"carrier.name like "%Air%""#.to_owned(),
                search: "big bird".to_owned(),
                sort: vec!["-dep_delay".to_owned(), "id".to_owned()],
            },
            columns: Some(vec!["id".to_owned(), "flight".to_owned()]),
            record: Some("a%2Fb,7".to_owned()),
            new: true,
        };
        let query: HashMap<&str, String> =
            address.changes().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        assert_eq!(Address::read(|name| query.get(name).cloned()), address);
        assert!(Address::default().changes().iter().all(|(_, value)| value.is_none()));
    }

    #[test]
    fn sorting_goes_round() {
        let mut address = Address::default();
        address.toggle_sort("a", false);
        assert_eq!(address.listing.sort, ["a"]);
        address.toggle_sort("b", true);
        address.toggle_sort("a", true);
        assert_eq!(address.listing.sort, ["-a", "b"]);
        assert_eq!((address.sorted("b"), address.sorted("c")), (Some((2, false)), None));
        address.toggle_sort("a", true);
        assert_eq!(address.listing.sort, ["b"]);
        address.toggle_sort("a", false);
        assert_eq!(address.listing.sort, ["a"]);
    }
}
