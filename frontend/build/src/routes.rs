//! Which parts of the program a view needs, as `routes.json` says it: `main.js` begins with them by the address, before the program runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use crate::Folders;

/// The parts of every route, by its path.
pub struct Routes(pub BTreeMap<String, BTreeSet<String>>);

impl Routes {
    /// Reads them.
    pub fn read(folders: &Folders) -> Result<Self> {
        let text = fs::read(folders.source.join("routes.json"))?;
        Ok(Self(serde_json::from_slice(&text).context("reading routes.json")?))
    }

    /// What is loaded together: the parts of each route, and each part by itself that belongs to none, being asked for later.
    pub fn visits<'a>(&self, all: impl IntoIterator<Item = &'a String>) -> Vec<BTreeSet<String>> {
        let mut visits: Vec<_> = self.0.values().cloned().collect();
        let known: BTreeSet<_> = visits.iter().flatten().cloned().collect();
        let later: BTreeSet<_> = all.into_iter().filter(|part| !known.contains(*part)).collect();
        visits.extend(later.into_iter().map(|part| BTreeSet::from([part.clone()])));
        visits
    }
}

/// The visits that need any of these parts, a bit each.
pub fn that_need(visits: &[BTreeSet<String>], parts: &BTreeSet<String>) -> u64 {
    let needing = visits.iter().enumerate().filter(|(_, needs)| !needs.is_disjoint(parts));
    needing.fold(0, |bits, (number, _)| bits | 1 << number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Routes, that_need};

    fn routes() -> Routes {
        Routes(serde_json::from_str(include_str!("../../routes.json")).expect("a table"))
    }

    #[test]
    fn every_page_of_the_map_is_part_of_a_route() {
        let map = include_str!("../../src/app.rs");
        let marked: BTreeSet<_> = map
            .split("page!(")
            .skip(1)
            .filter_map(|rest| rest.split(',').next())
            .map(str::to_owned)
            .collect();
        let known: BTreeSet<_> = routes().0.into_values().flatten().collect();
        assert_eq!(marked, known);
    }

    #[test]
    fn visits_are_told_apart_and_what_is_asked_for_later_is_a_visit_of_its_own() {
        let set = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<BTreeSet<_>>();
        let visits = routes().visits(&set(&["logs", "palette", "import"]));
        let of = |parts: &[&str]| that_need(&visits, &set(parts));
        assert_eq!(of(&["logs"]).count_ones(), 1);
        assert_eq!(of(&["logs", "users"]).count_ones(), 2);
        assert_eq!(of(&["sign_in"]) & of(&["shell"]), 0);
        assert_eq!(of(&["palette"]).count_ones(), 1);
        assert_eq!(of(&["palette"]) & (of(&["import"]) | of(&["shell"])), 0);
    }
}
