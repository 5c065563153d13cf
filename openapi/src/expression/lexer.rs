//! From characters to tokens, one at a time.

use super::error::{ErrorCode, ExpressionError};
use super::suggest::Hint;
use super::syntax::{CompareOp, Span};

/// A word, sign or literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A bare word: a keyword, a name of a field, collection or function.
    Word(String),
    /// A name in backticks.
    Quoted(String),
    /// Text in quotes.
    Text(String),
    /// A number, without a sign.
    Number(String),
    /// Digits that run into letters: `7d`, `1h30m`.
    Duration(String),
    /// `@name`
    At(String),
    /// `=` and its like.
    Compare(CompareOp),
    /// One of `( ) [ ] , . + - $`
    Sign(char),
    /// After the last token.
    End,
}

impl Token {
    /// For "found …".
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) | Self::Number(word) | Self::Duration(word) => format!("`{word}`"),
            Self::Quoted(name) => format!("the name `{name}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::At(name) => format!("`@{name}`"),
            Self::Compare(op) => format!("`{}`", op.as_str()),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Reads tokens from the start of the source to its end.
pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    /// The next token and where it stands.
    pub(super) fn next(&mut self) -> Result<(Token, Span), ExpressionError> {
        self.take_while(|c| c.is_ascii_whitespace());
        let start = self.at;
        let Some(first) = self.peek() else { return Ok((Token::End, start..start)) };
        let token = match first {
            'a'..='z' | 'A'..='Z' | '_' => Token::Word(self.take_while(is_word).to_owned()),
            '0'..='9' => self.number()?,
            '"' | '\'' => Token::Text(self.text(first)?),
            '`' => Token::Quoted(self.quoted()?),
            '@' => {
                self.at += 1;
                Token::At(self.take_while(is_word).to_owned())
            }
            '(' | ')' | '[' | ']' | ',' | '.' | '+' | '-' | '$' => {
                self.at += 1;
                Token::Sign(first)
            }
            '=' | '!' | '<' | '>' => Token::Compare(self.comparison()?),
            _ => return Err(self.foreign()),
        };
        Ok((token, start..self.at))
    }

    /// The next token, or where something stands that is none.
    pub(super) fn next_or_skip(&mut self) -> Result<(Token, Span), Span> {
        self.take_while(|c| c.is_ascii_whitespace());
        let start = self.at;
        self.next().map_err(|_| {
            if self.at == start {
                self.at += self.peek().map_or(0, char::len_utf8);
            }
            start..self.at
        })
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn error(&self, code: ErrorCode, span: Span, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.source, code, span, message)
    }

    fn number(&mut self) -> Result<Token, ExpressionError> {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit());
        let mut whole = true;
        let mut fraction = self.rest().chars();
        if fraction.next() == Some('.') && fraction.next().is_some_and(|c| c.is_ascii_digit()) {
            whole = false;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                whole = false;
                self.at += 1 + exponent.len() - digits.len();
                self.take_while(|c| c.is_ascii_digit());
            }
        }
        let runs_on = !self.take_while(is_word).is_empty();
        let text = self.source[start..self.at].to_owned();
        match (runs_on, whole) {
            (false, _) => Ok(Token::Number(text)),
            (true, true) => Ok(Token::Duration(text)),
            (true, false) => Err(self.error(
                ErrorCode::InvalidLiteral,
                start..self.at,
                format!("`{text}` is not a number"),
            )),
        }
    }

    /// Text with JSON's escapes, in double or single quotes.
    fn text(&mut self, quote: char) -> Result<String, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.take_while(|c| c != quote && c != '\\' && c != '\0');
            text.push_str(plain);
            match self.peek() {
                Some('\\') => text.push(self.escape()?),
                Some('\0') => return Err(self.nul(self.at..self.at + 1)),
                Some(_) => {
                    self.at += 1;
                    return Ok(text);
                }
                None => {
                    return Err(self
                        .error(ErrorCode::Syntax, start..start + 1, "this text has no end")
                        .hint(format!("close it with {quote}")));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let escaped = self.peek();
        self.at += escaped.map_or(0, char::len_utf8);
        Ok(match escaped {
            Some(c @ ('"' | '\'' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(start),
            _ => {
                let shown = escaped.map_or_else(String::new, |c| c.to_string());
                return Err(self
                    .error(ErrorCode::InvalidLiteral, start..self.at, format!("`\\{shown}` is not an escape"))
                    .hint("escapes are those of JSON; write a backslash itself as `\\\\`"));
            }
        })
    }

    /// After `\u`: four hexadecimal digits, twice for what lies beyond the first plane.
    fn unicode_escape(&mut self, start: usize) -> Result<char, ExpressionError> {
        let unit = self.hex4();
        let code = match unit {
            Some(high @ 0xD800..=0xDBFF) if self.rest().starts_with("\\u") => {
                self.at += 2;
                self.hex4()
                    .filter(|low| (0xDC00..=0xDFFF).contains(low))
                    .map(|low| 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            }
            unit => unit,
        };
        match code.and_then(char::from_u32) {
            Some('\0') => Err(self.nul(start..self.at)),
            Some(character) => Ok(character),
            None => Err(self
                .error(ErrorCode::InvalidLiteral, start..self.at, "this escape is not a character")
                .hint("write `\\u` and four hexadecimal digits")),
        }
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// The database cannot hold it, so that no text contains it.
    fn nul(&self, span: Span) -> ExpressionError {
        self.error(ErrorCode::InvalidLiteral, span, "a text cannot contain the character NUL")
    }

    /// A name in backticks; a doubled backtick stands for one.
    fn quoted(&mut self) -> Result<String, ExpressionError> {
        let start = self.at;
        self.at += 1;
        let mut name = String::new();
        loop {
            name.push_str(self.take_while(|c| c != '`'));
            if self.rest().starts_with("``") {
                name.push('`');
                self.at += 2;
            } else if self.peek().is_some() {
                self.at += 1;
                break;
            } else {
                return Err(self
                    .error(ErrorCode::Syntax, start..start + 1, "this name has no end")
                    .hint("close it with a backtick"));
            }
        }
        if name.is_empty() || name.contains('\0') {
            return Err(self.error(ErrorCode::Syntax, start..self.at, "this is not a name"));
        }
        Ok(name)
    }

    fn comparison(&mut self) -> Result<CompareOp, ExpressionError> {
        let rest = self.rest();
        let (op, length) = if rest.starts_with("!=") {
            (CompareOp::Ne, 2)
        } else if rest.starts_with("<=") {
            (CompareOp::Le, 2)
        } else if rest.starts_with(">=") {
            (CompareOp::Ge, 2)
        } else if ["==", "<>", "=>", "=<", "=~", "!"].iter().any(|foreign| rest.starts_with(foreign)) {
            return Err(self.foreign());
        } else if rest.starts_with('=') {
            (CompareOp::Eq, 1)
        } else if rest.starts_with('<') {
            (CompareOp::Lt, 1)
        } else {
            (CompareOp::Gt, 1)
        };
        self.at += length;
        Ok(op)
    }

    /// A sign that is not of this language; those of others are translated.
    fn foreign(&self) -> ExpressionError {
        const TRANSLATED: [(&str, &str); 17] = [
            ("===", "write `=`"),
            ("==", "write `=`"),
            ("<>", "write `!=`"),
            ("=>", "write `>=`"),
            ("=<", "write `<=`"),
            ("=~", "write `like` or `contains`"),
            ("!~", "write `not like` or `not contains`"),
            ("~", "write `like` or `contains`"),
            ("&&", "write `and`"),
            ("&", "write `and`"),
            ("||", "write `or`"),
            ("|", "write `or`"),
            ("!", "write `not`"),
            ("?", "write `contains` or `in`"),
            (";", "an expression is one condition; join conditions with `and` or `or`"),
            ("“", "write the straight quote `\"`"),
            ("{", "write lists as `[a, b]`"),
        ];
        let rest = self.rest();
        let found = TRANSLATED.iter().find(|(sign, _)| rest.starts_with(sign));
        let length = match found {
            Some((sign, _)) => sign.len(),
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        let shown = rest[..length].escape_debug();
        let error = self.error(ErrorCode::Syntax, self.at..self.at + length, format!("unexpected `{shown}`"));
        match found {
            Some((_, hint)) => {
                // A hint that names one sign alone is what to write.
                let sign = hint.strip_prefix("write `").and_then(|rest| rest.strip_suffix('`'));
                let correction = sign.filter(|sign| !sign.contains('`')).map(str::to_owned);
                error.hint(Hint { text: (*hint).to_owned(), correction })
            }
            None if rest.starts_with(char::is_alphabetic) => {
                error.hint("names with letters beyond a to z stand in backticks: `` `größe` ``")
            }
            None => error,
        }
    }
}

/// Whether it may stand within a bare word.
pub(super) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
