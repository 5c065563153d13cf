//! How keys are written and told apart: `mod+k` is a chord, `g o` one key after the other.

/// A key that was pressed, and what was held with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The key, as the browser names it.
    pub key: String,
    /// Ctrl, or the command key of a Mac.
    pub modifier: bool,
    /// Shift.
    pub shift: bool,
    /// Alt, or Option.
    pub alt: bool,
}

impl Press {
    /// Whether it is the chord that is written so. Shift counts where it does not make the character itself, as in `?`.
    pub fn is(&self, chord: &str) -> bool {
        let (held, key) = match chord.rsplit_once('+') {
            Some((held, key)) if !key.is_empty() => (held, key),
            _ => ("", chord),
        };
        let holds = |name: &str| held.split('+').any(|held| held == name);
        let makes_character = key.chars().count() == 1 && !key.chars().all(char::is_alphanumeric);
        self.key.eq_ignore_ascii_case(key)
            && self.modifier == holds("mod")
            && self.alt == holds("alt")
            && (makes_character || self.shift == holds("shift"))
    }
}

/// How far some presses get in what is written, such as `g o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// They are something else.
    None,
    /// They are its beginning.
    Begun,
    /// They are all of it.
    Done,
}

/// How far the presses get in the keys that are written so.
pub fn progress(keys: &str, presses: &[Press]) -> Progress {
    let mut steps = keys.split(' ');
    if !presses.iter().all(|press| steps.next().is_some_and(|step| press.is(step))) {
        return Progress::None;
    }
    if steps.next().is_none() { Progress::Done } else { Progress::Begun }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(written: &str) -> Press {
        let mut held: Vec<&str> = written.split('-').collect();
        let key = held.pop().unwrap_or_default().to_owned();
        let holds = |name: &str| held.contains(&name);
        Press { key, modifier: holds("mod"), shift: holds("shift"), alt: holds("alt") }
    }

    #[test]
    fn a_chord_is_all_that_is_held() {
        assert!(press("mod-k").is("mod+k"));
        assert!(!press("k").is("mod+k"));
        assert!(!press("mod-k").is("k"));
        assert!(!press("mod-shift-K").is("mod+k"));
        assert!(press("mod-shift-K").is("mod+shift+k"));
        assert!(press("mod-Enter").is("mod+enter"));
        assert!(!press("alt-k").is("k"));
    }

    #[test]
    fn shift_that_makes_a_character_is_no_part_of_a_chord() {
        assert!(press("shift-?").is("?"));
        assert!(press("?").is("?"));
        assert!(press("/").is("/"));
        assert!(press("shift-+").is("+"));
        assert!(!press("shift-G").is("g"));
    }

    #[test]
    fn keys_may_follow_each_other() {
        assert_eq!(progress("g o", &[press("g")]), Progress::Begun);
        assert_eq!(progress("g o", &[press("g"), press("o")]), Progress::Done);
        assert_eq!(progress("g o", &[press("g"), press("c")]), Progress::None);
        assert_eq!(progress("g o", &[press("o")]), Progress::None);
        assert_eq!(progress("mod+k", &[press("mod-k")]), Progress::Done);
        assert_eq!(progress("g", &[press("g"), press("o")]), Progress::None);
    }
}
