//! What may be written next at a place of an expression that is not done yet: for editors.

mod offer;
mod reader;

use super::MAX_LENGTH;
use super::lexer::{Lexer, Token, is_word};
use super::scope::Scope;
use reader::Reader;

/// What may be written at a place, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// Where what is chosen begins: byte offsets into the source.
    pub from: usize,
    /// Where it ends: the rest of a word that the place is in the middle of goes.
    pub to: usize,
    /// What there is to choose, whatever has been written of it.
    pub suggestions: Vec<Suggestion>,
    /// Whether they help without being asked for.
    pub eager: bool,
}

/// Something that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is called, and found by.
    pub label: String,
    /// What is written. Where it ends with `)`, the next thing is written before that.
    pub text: String,
    /// What it is.
    pub kind: SuggestionKind,
    /// Its type, or what it leads to, in a few words.
    pub detail: String,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// A field of a row.
    Field,
    /// A field that leads to another row.
    Relation,
    /// Rows of another collection.
    Rows,
    /// A value, as it is written.
    Value,
    /// `@user` and its like.
    Special,
    /// A function.
    Function,
    /// A word or sign of the language.
    Word,
}

/// What may be written at byte `at` of the source.
pub fn complete(source: &str, at: usize, scope: &Scope<'_>) -> Completions {
    let none = Completions { from: at, to: at, suggestions: Vec::new(), eager: false };
    if source.len() > MAX_LENGTH || !source.is_char_boundary(at) {
        return none;
    }
    let (before, after) = source.split_at(at);
    let mut tokens = Vec::new();
    let mut lexer = Lexer::new(before);
    let mut open_text = None;
    loop {
        match lexer.next_or_skip() {
            Ok((Token::End, _)) => break,
            Ok(token) => tokens.push(token),
            Err(span) if span.end == at && before[span.clone()].starts_with(['"', '\'']) => {
                open_text = Some(span.start);
                break;
            }
            Err(_) => return none,
        }
    }
    let mut from = open_text.unwrap_or(at);
    let mut begun = open_text.is_some();
    if open_text.is_none() {
        match tokens.last() {
            Some((Token::Word(_) | Token::At(_), span)) if span.end == at => {
                from = span.start;
                begun = true;
                tokens.pop();
            }
            // The rest of a number, a text or a name in backticks is its author's.
            Some((Token::Number(_) | Token::Duration(_) | Token::Text(_) | Token::Quoted(_), span))
                if span.end == at =>
            {
                return none;
            }
            _ => {}
        }
    }
    let to = match open_text {
        Some(start) => at + usize::from(after.starts_with(&before[start..start + 1])),
        None => at + after.find(|c| !is_word(c)).unwrap_or(after.len()),
    };
    let mut reader = Reader::new(scope);
    for (place, (token, _)) in tokens.iter().enumerate() {
        reader.read(token, tokens.get(place + 1).map(|(next, _)| next));
    }
    let (suggestions, helps) = offer::suggestions(&reader, open_text.is_some());
    Completions { from, to, eager: !suggestions.is_empty() && (begun || helps), suggestions }
}
