//! Which entries the palette shows for what was typed.

use super::entries::{Entry, Group};
use super::matching::fit;

/// The most entries that are shown.
const MOST: usize = 40;

/// An entry that is shown, and which characters of its words fit what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The entry.
    pub entry: Entry,
    /// The heading that it stands under; none where all are ranked together.
    pub group: Option<Group>,
    /// The characters that fit.
    pub places: Vec<usize>,
}

/// What is shown: with nothing typed what was chosen lately, then the rest in groups; otherwise what fits, the best first.
pub fn choose(entries: &[Entry], typed: &str, recent: &[String]) -> Vec<Shown> {
    if typed.trim().is_empty() {
        let lately = recent
            .iter()
            .filter_map(|words| entries.iter().find(|entry| entry.words == *words))
            .map(|entry| (entry, Group::Recent));
        let rest = [Group::Page, Group::Action, Group::Collection].into_iter().flat_map(|group| {
            entries.iter().filter(move |entry| entry.group == group).map(move |entry| (entry, group))
        });
        let rest = rest.filter(|(entry, _)| !recent.contains(&entry.words));
        let shown = |(entry, group): (&Entry, _)| Shown {
            entry: entry.clone(),
            group: Some(group),
            places: Vec::new(),
        };
        return lately.chain(rest).take(MOST).map(shown).collect();
    }
    let mut found: Vec<(i32, Shown)> = entries
        .iter()
        .filter_map(|entry| {
            let own = fit(typed, &entry.words);
            // Another name of a thing counts less than its own.
            let other = (!entry.also.is_empty())
                .then(|| fit(typed, entry.also))
                .flatten()
                .map(|found| found.score / 2);
            let (score, places) = match (own, other) {
                (Some(own), other) if other.is_none_or(|other| own.score >= other) => (own.score, own.places),
                (_, Some(other)) => (other, Vec::new()),
                (_, None) => return None,
            };
            let lately = if recent.contains(&entry.words) { 20 } else { 0 };
            // Who has typed a name whole means that.
            let whole = if entry.words.eq_ignore_ascii_case(typed.trim()) { 100 } else { 0 };
            Some((score + lately + whole, Shown { entry: entry.clone(), group: None, places }))
        })
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    // What fits by accident only hides what was meant.
    let least = found.first().map_or(0, |(score, _)| score / 3);
    found.into_iter().take_while(|(score, _)| *score >= least).take(MOST).map(|(_, shown)| shown).collect()
}

/// The names of what was chosen lately, after another choice.
pub fn remember(mut recent: Vec<String>, chosen: &str) -> Vec<String> {
    const MOST: usize = 4;
    recent.retain(|words| words != chosen);
    recent.insert(0, chosen.to_owned());
    recent.truncate(MOST);
    recent
}

#[cfg(test)]
mod tests {
    use annex_openapi::collections::Collection;
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::shell::palette::entries;

    fn collections() -> Vec<Collection> {
        let collection = |name: &str, kind: &str| -> Value {
            json!({"name": name, "table": format!("public.{name}"), "kind": kind, "primary_key": ["id"], "fields": [],
                "indexes": [], "incoming": [], "rules": {}, "problems": []})
        };
        from_value(json!([collection("flights", "table"), collection("late", "view")]))
            .expect("they are collections")
    }

    fn words(typed: &str, recent: &[&str]) -> Vec<String> {
        let recent: Vec<String> = recent.iter().map(|words| (*words).to_owned()).collect();
        choose(&entries::all(&collections()), typed, &recent)
            .into_iter()
            .map(|shown| shown.entry.words)
            .collect()
    }

    #[test]
    fn with_nothing_typed_come_the_recent_ones() {
        let shown = words("", &["Logs", "gone"]);
        assert_eq!(shown[..2], ["Logs", "Overview"]);
        assert_eq!(shown.iter().filter(|words| *words == "Logs").count(), 1);
        assert!(shown.contains(&"flights".to_owned()) && !shown.contains(&"flights API".to_owned()));
    }

    #[test]
    fn what_is_typed_finds_pages_collections_and_actions() {
        assert_eq!(words("fli", &[])[0], "flights");
        assert_eq!(words("fl api", &[])[0], "flights API");
        assert_eq!(words("nr fl", &[])[0], "New record in flights");
        assert_eq!(words("flights", &["flights API"])[0], "flights");
        assert_eq!(words("dark", &[])[0], "Use the dark theme");
        assert_eq!(words("dashboard", &[])[0], "Overview");
        assert!(words("xyzzy", &[]).is_empty());
    }

    #[test]
    fn views_take_no_records() {
        let shown = words("late", &[]);
        assert!(!shown.contains(&"New record in late".to_owned()), "{shown:?}");
    }

    #[test]
    fn the_latest_choice_comes_first_and_once() {
        let recent = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(remember(recent, "c"), ["c", "a", "b", "d"]);
        let recent = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(remember(recent, "e"), ["e", "a", "b", "c"]);
    }
}
