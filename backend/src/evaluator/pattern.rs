//! Patterns of `like`, prepared.

/// A pattern: `%` any characters, `_` one, `\` takes the next one literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Box<[Piece]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Many,
    One,
    Char(char),
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' if pieces.last() == Some(&Piece::Many) => {}
                '%' => pieces.push(Piece::Many),
                '_' => pieces.push(Piece::One),
                '\\' => pieces.extend(characters.next().map(Piece::Char)),
                other => pieces.push(Piece::Char(other)),
            }
        }
        Self(pieces.into())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let (mut pieces, mut rest) = (&*self.0, text.chars());
        // Behind the last `%`: what has to match, and from where in the text it is tried next.
        let mut retry: Option<(&[Piece], std::str::Chars<'_>)> = None;
        loop {
            let matched = match pieces.first() {
                Some(Piece::Many) => {
                    pieces = &pieces[1..];
                    if pieces.is_empty() {
                        return true;
                    }
                    retry = Some((pieces, rest.clone()));
                    continue;
                }
                Some(Piece::One) => rest.next().is_some(),
                Some(Piece::Char(character)) => rest.next() == Some(*character),
                None if rest.as_str().is_empty() => return true,
                None => false,
            };
            if matched {
                pieces = &pieces[1..];
                continue;
            }
            let Some((again, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            (pieces, rest) = (again, from.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_sql() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).matches(text);
        for (pattern, text) in [
            ("", ""),
            ("%", ""),
            ("%%", "x"),
            ("a%c", "abcbc"),
            ("%b_d%", "abbcbxd"),
            ("_", "ü"),
            ("%\\%", "100%"),
            ("\\_\\\\", "_\\"),
            ("%aab", "aaaab"),
            ("a%b%c", "a--b--bc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "x"), ("_", ""), ("a%c", "abcb"), ("a", "A"), ("%_", ""), ("\\%", "x"), ("a%b%c", "acb")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
