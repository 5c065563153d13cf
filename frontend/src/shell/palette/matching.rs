//! How well a name fits what was typed: its letters in their order, best at the beginnings of words and side by side.

/// How well a name fits, and which of its characters do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Higher fits better.
    pub score: i32,
    /// The places of the characters that were typed.
    pub places: Vec<usize>,
}

/// The beginning of a word.
const WORD: i32 = 12;
/// The character after the last one that fits.
const BESIDE: i32 = 8;
/// Each character that is passed over between two that fit.
const GAP: i32 = -1;
/// As far as gaps count.
const WIDEST: i32 = -6;

/// How the name fits what was typed; `None` where it does not. White space that was typed counts nothing.
pub fn fit(typed: &str, name: &str) -> Option<Match> {
    let typed: Vec<char> =
        typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let name: Vec<char> = name.chars().collect();
    let lower: Vec<char> = name.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    if typed.is_empty() {
        return Some(Match { score: 0, places: Vec::new() });
    }
    if typed.len() > lower.len() {
        return None;
    }
    let begins = |at: usize| {
        at == 0 || !name[at - 1].is_alphanumeric() || (name[at].is_uppercase() && name[at - 1].is_lowercase())
    };
    // best[i][j]: the best score where the i-th typed character lies at place j, and where the one before lies.
    let mut best: Vec<Vec<Option<(i32, usize)>>> = Vec::with_capacity(typed.len());
    for (index, wanted) in typed.iter().enumerate() {
        let row = (0..lower.len())
            .map(|place| {
                if lower[place] != *wanted {
                    return None;
                }
                let own = 1 + if begins(place) { WORD } else { 0 };
                let Some(before) = index.checked_sub(1).map(|before| &best[before]) else {
                    return Some((own, place));
                };
                (0..place)
                    .filter_map(|from| before[from].map(|(score, _)| (score, from)))
                    .map(|(score, from)| {
                        let gap = i32::try_from(place - from - 1).unwrap_or(i32::MAX);
                        let near = if gap == 0 { BESIDE } else { gap.saturating_mul(GAP).max(WIDEST) };
                        (score + own + near, from)
                    })
                    .max_by_key(|(score, from)| (*score, *from))
            })
            .collect();
        best.push(row);
    }
    let (mut place, score) = best
        .last()?
        .iter()
        .enumerate()
        .filter_map(|(place, cell)| cell.map(|(score, _)| (place, score)))
        .max_by_key(|(place, score)| (*score, std::cmp::Reverse(*place)))?;
    let mut places = vec![place];
    for row in best.iter().skip(1).rev() {
        place = row[place].map_or(place, |(_, from)| from);
        places.push(place);
    }
    places.reverse();
    // Of two that fit alike the shorter one was meant.
    let length = i32::try_from(lower.len()).unwrap_or(i32::MAX);
    Some(Match { score: score.saturating_mul(8).saturating_sub(length), places })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(typed: &str, names: &[&'a str]) -> &'a str {
        names
            .iter()
            .filter_map(|name| fit(typed, name).map(|found| (found.score, *name)))
            .max_by_key(|(score, _)| *score)
            .map_or("", |(_, name)| name)
    }

    #[test]
    fn letters_come_in_their_order() {
        assert!(fit("flt", "flights").is_some());
        assert!(fit("tlf", "flights").is_none());
        assert!(fit("flightss", "flights").is_none());
        assert!(fit("", "flights").is_some());
        assert_eq!(fit("FL API", "flights API").map(|found| found.places), Some(vec![0, 1, 8, 9, 10]));
    }

    #[test]
    fn beginnings_of_words_and_runs_fit_best() {
        assert_eq!(best("set", &["Reset users", "Settings", "assets"]), "Settings");
        assert_eq!(best("nc", &["dance", "New collection"]), "New collection");
        assert_eq!(best("air", &["airports API", "airports", "flair"]), "airports");
        assert_eq!(best("ap", &["airports", "airports API"]), "airports API");
        assert_eq!(best("oi", &["origin", "orderItems", "poison"]), "orderItems");
    }

    #[test]
    fn every_place_is_one_that_was_typed() {
        let name = "Über-Größe";
        let found = fit("übgr", name).expect("it fits");
        let chars: Vec<char> = name.chars().collect();
        let text: String = found.places.iter().map(|place| chars[*place]).collect();
        assert_eq!(text, "ÜbGr");
        assert!(found.places.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
