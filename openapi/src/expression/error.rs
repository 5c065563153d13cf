//! What is wrong with an expression, where, and what to write instead.

use std::fmt;
use std::ops::Range;

use super::suggest::Hint;

/// The most characters of the source's line that are shown on each side of what is wrong.
const SHOWN: usize = 60;

/// The kind of mistake, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// There is no text.
    Empty,
    /// The source is longer than [`MAX_LENGTH`](super::MAX_LENGTH).
    TooLong,
    /// The nesting is deeper than [`MAX_DEPTH`](super::MAX_DEPTH), or a path or nested `exists` too long.
    TooDeep,
    /// There are more terms than [`MAX_TERMS`](super::MAX_TERMS).
    TooManyTerms,
    /// A list has more values than [`MAX_LIST`](super::MAX_LIST).
    ListTooLong,
    /// The text is not an expression.
    Syntax,
    /// A number, text, date, UUID or duration is malformed or does not fit what it is compared with.
    InvalidLiteral,
    /// No such field (or none that the caller may know of).
    UnknownField,
    /// No such collection.
    UnknownCollection,
    /// No such `@name`, or no such attribute of it.
    UnknownName,
    /// No such function.
    UnknownFunction,
    /// The operator does not take values of these types.
    TypeMismatch,
    /// It exists, but not in this place.
    NotAllowed,
}

impl ErrorCode {
    /// The stable name, as it stands in a problem's `errors`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "expression_empty",
            Self::TooLong => "expression_too_long",
            Self::TooDeep => "expression_too_deep",
            Self::TooManyTerms => "expression_too_many_terms",
            Self::ListTooLong => "expression_list_too_long",
            Self::Syntax => "expression_syntax",
            Self::InvalidLiteral => "expression_invalid_literal",
            Self::UnknownField => "unknown_field",
            Self::UnknownCollection => "unknown_collection",
            Self::UnknownName => "unknown_name",
            Self::UnknownFunction => "unknown_function",
            Self::TypeMismatch => "expression_type_mismatch",
            Self::NotAllowed => "expression_not_allowed",
        }
    }
}

/// Where something stands, as people count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

/// One mistake in an expression. [`Display`](fmt::Display) draws it below the source; `message` and `hint`
/// alone fit a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// The kind of mistake.
    pub code: ErrorCode,
    /// What is wrong, in a few words.
    pub message: String,
    /// Where: byte offsets into the source, on character boundaries.
    pub span: Range<usize>,
    /// What to write instead, or what there is to choose from.
    pub hint: Option<String>,
    /// What stands in the place of the span then, where one thing was probably meant.
    pub correction: Option<String>,
    /// The whole source; empty where it was too long to keep.
    pub source: String,
}

impl ExpressionError {
    /// A mistake without a hint.
    pub(super) fn new(source: &str, code: ErrorCode, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, hint: None, correction: None, source: source.to_owned() }
    }

    /// The same mistake with this hint.
    pub(super) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        let Hint { text, correction } = hint.into();
        self.hint = Some(text);
        self.correction = correction;
        self
    }

    /// The line and column where the mistake begins.
    pub fn position(&self) -> Position {
        let before = &self.source[..self.span.start.min(self.source.len())];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// The message and the hint in one line, for places that cannot show the source.
    pub fn summary(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}: {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.source.is_empty() {
            let start = self.span.start.min(self.source.len());
            let line_start = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = self.source[start..].find('\n').map_or(self.source.len(), |at| start + at);
            let end = self.span.end.clamp(start, line_end);
            let before = tail(&self.source[line_start..start]);
            let marked: String = self.source[start..end].chars().map(printable).take(SHOWN).collect();
            let after: String = self.source[end..line_end].chars().map(printable).take(SHOWN).collect();
            let number = self.position().line.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(before.chars().count());
            let carets = "^".repeat(marked.chars().count().max(1));
            write!(f, "\n {number} | {before}{marked}{after}\n {margin} | {indent}{carets}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// The end of the text, no longer than is shown.
fn tail(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(SHOWN);
    let shown: String = text.chars().skip(skipped).map(printable).collect();
    if skipped > 0 { format!("…{shown}") } else { shown }
}

/// Control characters would move the carets away from what they point at.
fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}
