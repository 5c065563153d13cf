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

    /// The routes that need any of these parts, a bit each.
    pub fn that_need(&self, parts: &BTreeSet<String>) -> u64 {
        let sets = self.0.values().enumerate().filter(|(_, needs)| !needs.is_disjoint(parts));
        sets.fold(0, |bits, (number, _)| bits | 1 << number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Routes;

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
    fn routes_are_told_apart() {
        let routes = routes();
        let of = |parts: &[&str]| routes.that_need(&parts.iter().map(|&part| part.to_owned()).collect());
        assert_eq!(of(&["logs"]).count_ones(), 1);
        assert_eq!(of(&["logs", "users"]).count_ones(), 2);
        assert_eq!(of(&["sign_in"]) & of(&["shell"]), 0);
    }
}
