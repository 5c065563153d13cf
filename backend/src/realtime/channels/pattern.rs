//! What the topics of a channel look like: `room:{room}`.

use std::fmt;

/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 200;
/// The longest topic.
pub const LONGEST_TOPIC: usize = 255;
/// The longest value of a parameter.
const LONGEST_VALUE: usize = 128;
/// The most segments.
const MOST_SEGMENTS: usize = 8;

/// Segments with colons between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Word(Box<str>),
    Parameter(Box<str>),
}

/// The text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`topic` {0}")]
pub struct NoPattern(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, NoPattern> {
        let no = |why: String| Err(NoPattern(why));
        if text.len() > LONGEST_PATTERN {
            return no(format!("is longer than {LONGEST_PATTERN} bytes"));
        }
        let mut segments = Vec::new();
        for part in text.split(':') {
            let segment = match part.strip_prefix('{').map(|rest| rest.strip_suffix('}')) {
                None if is_word(part) => Segment::Word(part.into()),
                Some(Some(name)) if is_field(name) => Segment::Parameter(name.into()),
                None => {
                    return no(format!(
                        "has the segment `{part}`, which is neither a word (letters, digits, `_`, `.`, `-`) nor a parameter such as `{{room}}`"
                    ));
                }
                Some(_) => {
                    return no(format!(
                        "has the segment `{part}`: a parameter is a name in braces, of a-z, 0-9 and `_`, that begins with a letter"
                    ));
                }
            };
            if matches!(segment, Segment::Parameter(_)) && segments.contains(&segment) {
                return no(format!("has the parameter `{part}` twice"));
            }
            segments.push(segment);
        }
        if !matches!(segments.first(), Some(Segment::Word(_))) {
            return no("must begin with a word, such as `room:{room}`".to_owned());
        }
        if segments.len() > MOST_SEGMENTS {
            return no(format!("has more than {MOST_SEGMENTS} segments"));
        }
        Ok(Self(segments))
    }

    /// The names of its parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(&**name),
            Segment::Word(_) => None,
        })
    }

    /// The values that a topic has for them; none where it is not one of its topics.
    pub fn values<'t>(&self, topic: &'t str) -> Option<Vec<&'t str>> {
        if topic.len() > LONGEST_TOPIC {
            return None;
        }
        let mut values = Vec::new();
        let mut parts = topic.split(':');
        for segment in &self.0 {
            let part = parts.next()?;
            match segment {
                Segment::Word(word) if **word == *part => {}
                Segment::Parameter(_) if is_value(part) => values.push(part),
                _ => return None,
            }
        }
        parts.next().is_none().then_some(values)
    }

    /// Whether this one counts before the other where both have a topic: it has a word earlier.
    pub fn precedes(&self, other: &Self) -> bool {
        let words = |pattern: &Self| -> Vec<bool> {
            pattern.0.iter().map(|segment| matches!(segment, Segment::Word(_))).collect()
        };
        words(self) > words(other)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            let colon = if place > 0 { ":" } else { "" };
            match segment {
                Segment::Word(word) => write!(f, "{colon}{word}")?,
                Segment::Parameter(name) => write!(f, "{colon}{{{name}}}")?,
            }
        }
        Ok(())
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn is_field(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn is_value(text: &str) -> bool {
    (1..=LONGEST_VALUE).contains(&text.len()) && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_gives_the_parameters_their_values() {
        let pattern = Pattern::parse("game:{game}:player:{player}").unwrap();
        assert_eq!(pattern.parameters().collect::<Vec<_>>(), ["game", "player"]);
        assert_eq!(pattern.values("game:7:player:ada@example.com"), Some(vec!["7", "ada@example.com"]));
        let long = format!("game:7:player:{}", "x".repeat(129));
        for other in
            ["game:7", "game:7:player:", "game:7:player:a:b", "game:7:players:a", "game::player:a", "", &long]
        {
            assert_eq!(pattern.values(other), None, "{other}");
        }
        assert_eq!(Pattern::parse("lobby").unwrap().values("lobby"), Some(vec![]));
        assert_eq!(pattern.to_string(), "game:{game}:player:{player}");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in [
            "",
            "{room}",
            "room:",
            "room:{}",
            "room:{Room}",
            "room:{a}:{a}",
            "room:{a}b",
            "room 1",
            "room:{a",
            "a::b",
            "a:b:c:d:e:f:g:h:i",
        ] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_word_comes_before_a_parameter() {
        let pattern = |text| Pattern::parse(text).unwrap();
        assert!(pattern("room:lobby").precedes(&pattern("room:{room}")));
        assert!(!pattern("room:{room}").precedes(&pattern("room:lobby")));
        assert!(pattern("a:b:{c}").precedes(&pattern("a:{b}:c")));
    }
}
