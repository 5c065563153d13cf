//! Which parts of the program a view needs, as `routes.json` says it: `main.js` begins with them by the address, before the program runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use crate::Folders;

/// The part that is around every page but the sign-in.
const SHELL: &str = "shell";

/// The parts of every route, by its path.
pub struct Routes(pub BTreeMap<String, BTreeSet<String>>);

impl Routes {
    /// Reads them.
    pub fn read(folders: &Folders) -> Result<Self> {
        let text = fs::read(folders.source.join("routes.json"))?;
        Ok(Self(serde_json::from_slice(&text).context("reading routes.json")?))
    }

    /// What is loaded together: the parts of each route, and each part by itself that belongs to none, being asked for later.
    pub fn visits<'a>(&self, all: impl IntoIterator<Item = &'a String>) -> Visits {
        let known: BTreeSet<_> = self.0.values().flatten().collect();
        let later: BTreeSet<_> = all.into_iter().filter(|part| !known.contains(part)).collect();
        Visits {
            routes: self.0.values().cloned().collect(),
            later: later.into_iter().map(|part| BTreeSet::from([part.clone()])).collect(),
        }
    }
}

/// What is loaded together.
pub struct Visits {
    routes: Vec<BTreeSet<String>>,
    later: Vec<BTreeSet<String>>,
}

impl Visits {
    /// The visits that need any of these parts, a bit each. Things are asked for later within the shell alone, so that what the shell needs
    /// is there then.
    pub fn that_need(&self, parts: &BTreeSet<String>) -> u64 {
        let needing = |visits: &[BTreeSet<String>]| {
            let needing = visits.iter().enumerate().filter(|(_, needs)| !needs.is_disjoint(parts));
            needing.fold(0_u64, |bits, (number, _)| bits | 1 << number)
        };
        let routes = needing(&self.routes);
        if parts.contains(SHELL) { routes } else { routes | needing(&self.later) << self.routes.len() }
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
    fn visits_are_told_apart_and_what_is_asked_for_later_counts_unless_the_shell_needs_it() {
        let set = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<BTreeSet<_>>();
        let visits = routes().visits(&set(&["logs", "palette", "import"]));
        let of = |parts: &[&str]| visits.that_need(&set(parts));
        assert_eq!(of(&["logs"]).count_ones(), 1);
        assert_eq!(of(&["logs", "users"]).count_ones(), 2);
        assert_eq!(of(&["sign_in"]) & of(&["shell"]), 0);
        assert_eq!(of(&["palette"]).count_ones(), 1);
        assert_eq!(of(&["palette"]) & (of(&["import"]) | of(&["shell"])), 0);
        assert_eq!(of(&["palette", "import"]).count_ones(), 2);
        assert_eq!(of(&["logs", "palette"]), of(&["logs"]) | of(&["palette"]));
        assert_eq!(of(&["shell", "palette"]), of(&["shell"]));
    }
}
