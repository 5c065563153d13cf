//! From tokens to the expression as written: recursive descent, bounded in depth, so that no input exhausts
//! the stack, and reading each token once, so that none takes more than linear time.

mod value;

use super::error::{ErrorCode, ExpressionError};
use super::lexer::{Lexer, Token};
use super::syntax::*;
use super::{MAX_DEPTH, MAX_LENGTH, MAX_LIST, MAX_TERMS};

/// The words that are not names.
const KEYWORDS: [&str; 10] = ["and", "or", "not", "in", "like", "ilike", "contains", "true", "false", "null"];

/// Whether a bare word is part of the grammar, and no name.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Parses one expression. The empty text is an error: what it means is the caller's affair.
pub fn parse(source: &str) -> Result<Expression, ExpressionError> {
    if source.len() > MAX_LENGTH {
        // The source is left out: it has no length that is fit to be shown.
        return Err(ExpressionError::new(
            "",
            ErrorCode::TooLong,
            0..0,
            format!("the expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    if source.trim().is_empty() {
        return Err(ExpressionError::new(
            source,
            ErrorCode::Empty,
            source.len()..source.len(),
            "the expression is empty",
        ));
    }
    let mut lexer = Lexer::new(source);
    let (token, span) = lexer.next()?;
    let mut parser = Parser { source, lexer, token, span, last_end: 0, depth: 0, terms: 0 };
    let condition = parser.any_of()?;
    if parser.token != Token::End {
        return Err(parser.trailing());
    }
    Ok(Expression { source: source.to_owned(), condition })
}

struct Parser<'s> {
    source: &'s str,
    lexer: Lexer<'s>,
    /// The token to look at, and where it stands.
    token: Token,
    span: Span,
    /// Where the token before it ended.
    last_end: usize,
    depth: usize,
    terms: usize,
}

type Parsed<T> = Result<T, ExpressionError>;

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        let (token, span) = self.lexer.next()?;
        self.last_end = self.span.end;
        self.span = span;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if found == word)
    }

    fn take_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.at_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn at_sign(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }

    fn take_sign(&mut self, sign: char) -> Parsed<bool> {
        let found = self.at_sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_sign(&mut self, sign: char, place: &str) -> Parsed<()> {
        if self.take_sign(sign)? {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{sign}` {place}")))
    }

    fn error(&self, code: ErrorCode, span: Span, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.source, code, span, message)
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let found = self.token.describe();
        self.error(ErrorCode::Syntax, self.span.clone(), format!("expected {expected}, found {found}"))
    }

    /// Runs a part that stands one level deeper.
    fn deeper<T>(&mut self, span: Span, part: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(
                ErrorCode::TooDeep,
                span,
                format!("the expression is nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.depth += 1;
        let parsed = part(self);
        self.depth -= 1;
        parsed
    }

    fn count_term(&mut self, span: Span) -> Parsed<()> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.error(
                ErrorCode::TooManyTerms,
                span,
                format!("the expression has more than {MAX_TERMS} terms"),
            ));
        }
        Ok(())
    }

    /// `a or b or c`
    fn any_of(&mut self) -> Parsed<Condition> {
        let first = self.all_of()?;
        if !self.at_word("or") {
            return Ok(first);
        }
        let start = first.span.start;
        let mut parts = vec![first];
        while self.take_word("or")? {
            parts.push(self.all_of()?);
        }
        Ok(Condition { kind: ConditionKind::Or(parts), span: start..self.last_end })
    }

    /// `a and b and c`
    fn all_of(&mut self) -> Parsed<Condition> {
        let first = self.negation()?;
        if !self.at_word("and") {
            return Ok(first);
        }
        let start = first.span.start;
        let mut parts = vec![first];
        while self.take_word("and")? {
            parts.push(self.negation()?);
        }
        Ok(Condition { kind: ConditionKind::And(parts), span: start..self.last_end })
    }

    fn negation(&mut self) -> Parsed<Condition> {
        let span = self.span.clone();
        if !self.take_word("not")? {
            return self.term();
        }
        let start = span.start;
        let negated = self.deeper(span, Self::negation)?;
        Ok(Condition { kind: ConditionKind::Not(Box::new(negated)), span: start..self.last_end })
    }

    /// A group, `exists`, or a value and what is said of it.
    fn term(&mut self) -> Parsed<Condition> {
        let span = self.span.clone();
        if self.take_sign('(')? {
            let mut inner = self.deeper(span.clone(), Self::any_of)?;
            self.expect_sign(')', "at the end of the group")?;
            inner.span = span.start..self.last_end;
            if self.at_operator() {
                return Err(self
                    .unexpected("`and`, `or` or the end after a group")
                    .hint("parentheses group conditions; values stand without them"));
            }
            return Ok(inner);
        }
        self.count_term(span.clone())?;
        let left = self.operand()?;
        if let ValueKind::Call { function, .. } = &left.kind
            && function.text == "exists"
        {
            return self.exists(function.span.clone());
        }
        let kind = self.rest_of_term(left)?;
        Ok(Condition { kind, span: span.start..self.last_end })
    }

    fn at_operator(&self) -> bool {
        matches!(self.token, Token::Compare(_))
            || ["in", "like", "ilike", "contains", "not"].iter().any(|word| self.at_word(word))
    }

    fn rest_of_term(&mut self, left: Value) -> Parsed<ConditionKind> {
        if let Token::Compare(op) = self.token {
            self.advance()?;
            let right = self.value()?;
            if let Token::Compare(_) = self.token {
                return Err(self
                    .unexpected("`and`, `or` or the end after a comparison")
                    .hint("comparisons do not chain: write `a < b and b < c`"));
            }
            return Ok(ConditionKind::Compare { op, left, right });
        }
        let negated = self.take_word("not")?;
        if self.take_word("in")? {
            let list = self.list()?;
            return Ok(ConditionKind::In { value: left, list, negated });
        }
        if self.at_word("like") || self.at_word("ilike") {
            let case_insensitive = self.at_word("ilike");
            self.advance()?;
            let pattern = self.value()?;
            return Ok(ConditionKind::Like { value: left, pattern, case_insensitive, negated });
        }
        if self.take_word("contains")? {
            let element = self.value()?;
            return Ok(ConditionKind::Contains { container: left, element, negated });
        }
        if negated {
            return Err(self.unexpected("`in`, `like`, `ilike` or `contains` after `not`"));
        }
        Ok(ConditionKind::Test(left))
    }

    /// After `exists`, whose `(` is the token to look at.
    fn exists(&mut self, name: Span) -> Parsed<Condition> {
        let usage = "write `exists(collection, condition)`";
        self.expect_sign('(', "after `exists`")?;
        let span = self.span.clone();
        let collection = match self.advance()? {
            Token::Word(text) if !is_keyword(&text) => Name { text, span },
            Token::Quoted(text) => Name { text, span },
            found => {
                let message = format!("expected the name of a collection, found {}", found.describe());
                return Err(self.error(ErrorCode::Syntax, span, message).hint(usage));
            }
        };
        self.expect_sign(',', "after the collection").map_err(|error| error.hint(usage))?;
        let condition = Box::new(self.deeper(name.clone(), Self::any_of)?);
        self.expect_sign(')', "at the end of `exists`")?;
        Ok(Condition {
            kind: ConditionKind::Exists { collection, condition },
            span: name.start..self.last_end,
        })
    }

    fn list(&mut self) -> Parsed<List> {
        let start = self.span.start;
        if self.at_sign('(') {
            return Err(self.unexpected("a list").hint("lists stand in brackets: `in [a, b]`"));
        }
        if !self.take_sign('[')? {
            return Ok(List::Value(self.value()?));
        }
        let mut values = Vec::new();
        while !self.at_sign(']') {
            if values.len() == MAX_LIST {
                return Err(self.error(
                    ErrorCode::ListTooLong,
                    self.span.clone(),
                    format!("a list has at most {MAX_LIST} values"),
                ));
            }
            let value = self.value()?;
            if matches!(value.kind, ValueKind::Path(_) | ValueKind::Call { .. }) {
                // Each becomes a comparison of its own.
                self.count_term(value.span.clone())?;
            }
            values.push(value);
            if !self.take_sign(',')? {
                break;
            }
        }
        self.expect_sign(']', "at the end of the list")?;
        Ok(List::Values { values, span: start..self.last_end })
    }

    /// Something follows the whole expression.
    fn trailing(&self) -> ExpressionError {
        let hint = match &self.token {
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "is" => Some("write `= null` or `!= null`".to_owned()),
                "between" => Some("write `x >= a and x <= b`".to_owned()),
                "eq" => Some("write `=`".to_owned()),
                "ne" | "neq" => Some("write `!=`".to_owned()),
                lower if lower != word && is_keyword(lower) => {
                    Some(format!("words are in lower case: write `{lower}`"))
                }
                _ => None,
            },
            Token::Sign('+' | '-') => Some(
                "only `@now` and `@today` can be moved; a name with this sign in it stands in backticks"
                    .to_owned(),
            ),
            _ => None,
        };
        let error = self.unexpected("an operator, `and`, `or` or the end");
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
