//! What each part of a text is, also where the whole is not (yet) an expression: for editors that colour it.

use super::MAX_LENGTH;
use super::lexer::{Lexer, Token};
use super::parser::is_keyword;
use super::syntax::Span;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word of the language: `and`, `in`, `null`.
    Keyword,
    /// A field or a collection.
    Name,
    /// A function, or `exists`.
    Function,
    /// Text in quotes.
    Text,
    /// A number or a duration.
    Number,
    /// `@user`, `@now`, `$`
    Special,
    /// `=` and its like.
    Operator,
}

/// The parts of the text that are something, in order. What cannot be read is passed over.
pub fn tokens(source: &str) -> Vec<(TokenKind, Span)> {
    if source.len() > MAX_LENGTH {
        return Vec::new();
    }
    let mut tokens: Vec<(TokenKind, Span)> = Vec::new();
    let mut lexer = Lexer::new(source);
    loop {
        let (kind, span) = match lexer.next_or_skip() {
            Ok((Token::End, _)) => return tokens,
            Ok((Token::Word(word), span)) if is_keyword(&word) => (TokenKind::Keyword, span),
            Ok((Token::Word(_) | Token::Quoted(_), span)) => (TokenKind::Name, span),
            Ok((Token::Text(_), span)) => (TokenKind::Text, span),
            Ok((Token::Number(_) | Token::Duration(_), span)) => (TokenKind::Number, span),
            Ok((Token::At(_) | Token::Sign('$'), span)) => (TokenKind::Special, span),
            Ok((Token::Compare(_), span)) => (TokenKind::Operator, span),
            Ok((Token::Sign(sign), _)) => {
                if let (Some((kind @ TokenKind::Name, _)), '(') = (tokens.last_mut(), sign) {
                    *kind = TokenKind::Function;
                }
                continue;
            }
            // A text without an end is one until it is closed.
            Err(span) if source[span.clone()].starts_with(['"', '\'']) => (TokenKind::Text, span),
            Err(_) => continue,
        };
        tokens.push((kind, span));
    }
}
