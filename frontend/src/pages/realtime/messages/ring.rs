//! The last messages: no more than can be looked through, however many come.

use std::collections::VecDeque;
use std::sync::Arc;

/// The most messages that are kept.
const MOST: usize = 500;
/// The most bytes of them.
const MOST_BYTES: usize = 4 << 20;
/// The most bytes that are kept of one.
const MOST_OF_ONE: usize = 256 << 10;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row came.
    Enter,
    /// A row changed.
    Update,
    /// A row went.
    Leave,
    /// The rows as they are.
    Snapshot,
    /// Something about what is followed or the connection.
    Control,
    /// Something was refused, or must begin anew.
    Trouble,
    /// Not a message: what became of the connection.
    Note,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Which one it is, of all.
    pub serial: u64,
    /// When it came, in milliseconds since 1970.
    pub at: u64,
    /// What it says.
    pub kind: Kind,
    /// What it is called: its `op`, and of an event its `type`.
    pub name: String,
    /// Where in the log that is.
    pub cursor: Option<String>,
    /// As it came, or the beginning of it.
    pub text: Arc<str>,
    /// How many bytes were cut off.
    pub cut: usize,
}

/// The last messages, the newest last.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    said: VecDeque<Said>,
    bytes: usize,
    /// How many there were in all.
    pub count: u64,
}

impl Ring {
    /// Takes a message in, and lets go of the oldest where there are too many.
    pub fn push(&mut self, at: u64, kind: Kind, name: String, cursor: Option<String>, text: &str) {
        let mut end = text.len().min(MOST_OF_ONE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.count += 1;
        self.bytes += end;
        let cut = text.len() - end;
        self.said.push_back(Said {
            serial: self.count,
            at,
            kind,
            name,
            cursor,
            text: text[..end].into(),
            cut,
        });
        while self.said.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.said.pop_front() else { return };
            self.bytes -= oldest.text.len();
        }
    }

    /// Forgets all; who comes next is still told apart from them.
    pub fn clear(&mut self) {
        self.said.clear();
        self.bytes = 0;
    }

    /// The messages, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().rev()
    }

    /// How many are kept.
    pub fn kept(&self) -> usize {
        self.said.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &mut Ring, text: &str) {
        ring.push(0, Kind::Enter, "enter".to_owned(), None, text);
    }

    #[test]
    fn no_more_than_the_last_are_kept() {
        let mut ring = Ring::default();
        for _ in 0..MOST + 7 {
            push(&mut ring, "{}");
        }
        assert_eq!((ring.kept(), ring.count, ring.bytes), (MOST, MOST as u64 + 7, MOST * 2));
        assert_eq!(ring.newest().next().map(|said| said.serial), Some(MOST as u64 + 7));
        ring.clear();
        push(&mut ring, "{}");
        assert_eq!((ring.kept(), ring.bytes, ring.count), (1, 2, MOST as u64 + 8));
    }

    #[test]
    fn long_messages_are_cut_and_few_of_them_kept() {
        let mut ring = Ring::default();
        let long = "ä".repeat(MOST_OF_ONE);
        for _ in 0..40 {
            push(&mut ring, &long);
        }
        assert!(ring.bytes <= MOST_BYTES);
        let said = ring.newest().next().expect("the last one");
        assert_eq!(said.text.len() + said.cut, long.len());
        // No character is cut in two.
        push(&mut ring, &format!("a{long}"));
        assert_eq!(ring.newest().next().map(|said| said.text.len()), Some(MOST_OF_ONE - 1));
    }
}
