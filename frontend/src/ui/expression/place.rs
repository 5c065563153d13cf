//! Places in a text as JavaScript counts them, and the parts of a sentence.

/// A byte offset as UTF-16 units.
pub(super) fn to_utf16(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).map(|(_, character)| character.len_utf16()).sum()
}

/// UTF-16 units as a byte offset; within a pair, that of its beginning.
pub(super) fn to_byte(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        seen += character.len_utf16();
        if seen > units {
            return at;
        }
    }
    text.len()
}

/// The parts of a sentence: whether each stood in backticks, and what it says.
pub(super) fn pieces(sentence: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some(start) = rest.find('`') {
        // Names in backticks stand in two of them, or have them doubled within.
        let ticks = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let fence = &rest[start..start + ticks];
        let Some(length) = rest[start + ticks..].find(fence) else { break };
        pieces.push((false, &rest[..start]));
        pieces.push((true, rest[start + ticks..start + ticks + length].trim()));
        rest = &rest[start + 2 * ticks + length..];
    }
    pieces.push((false, rest));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

/// The text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_javascript_does() {
        let text = "aä😀b";
        for (byte, units) in [(0, 0), (1, 1), (3, 2), (7, 4), (8, 5)] {
            assert_eq!(to_utf16(text, byte), units);
            assert_eq!(to_byte(text, units), byte);
        }
        assert_eq!(to_byte(text, 3), 3, "within a pair");
        assert_eq!(to_byte(text, 9), 8);
    }

    #[test]
    fn what_stands_in_backticks_is_code() {
        assert_eq!(
            pieces("unknown field `titel` in `posts`"),
            [(false, "unknown field "), (true, "titel"), (false, " in "), (true, "posts")]
        );
        assert_eq!(pieces("in backticks: `` `größe` ``"), [(false, "in backticks: "), (true, "`größe`")]);
        assert_eq!(pieces("one ` alone"), [(false, "one ` alone")]);
        assert_eq!(capital("äther"), "Äther");
    }
}
