//! From tokens to the expression as written: recursive descent, bounded in depth, so that no input exhausts
//! the stack, and reading each token once, so that none takes more than linear time.

use super::duration;
use super::error::{ErrorCode, ExpressionError};
use super::lexer::{Lexer, Token};
use super::syntax::*;
use super::{MAX_DEPTH, MAX_LENGTH, MAX_LIST, MAX_TERMS};

/// The words that are not names.
pub(super) const KEYWORDS: [&str; 9] =
    ["and", "or", "not", "in", "like", "ilike", "contains", "true", "false"];
/// The most steps of one path.
const MAX_PATH: usize = 24;

/// Whether a bare word is a name, and not part of the grammar.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) || word == "null"
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

    fn value(&mut self) -> Parsed<Value> {
        let value = self.operand()?;
        match &value.kind {
            ValueKind::Call { function, .. } if function.text == "exists" => Err(self
                .error(ErrorCode::Syntax, function.span.clone(), "`exists` is a condition, not a value")
                .hint("join it with `and`, `or` and `not`")),
            _ => Ok(value),
        }
    }

    /// A value, or the word `exists` before its `(`.
    fn operand(&mut self) -> Parsed<Value> {
        let span = self.span.clone();
        let kind = match &self.token {
            Token::Text(_) | Token::Number(_) => match self.advance()? {
                Token::Text(text) => ValueKind::Text(text),
                Token::Number(number) => ValueKind::Number(number),
                _ => return Err(self.unexpected("a value")),
            },
            Token::Sign('-') => {
                self.advance()?;
                match self.advance()? {
                    Token::Number(number) => ValueKind::Number(format!("-{number}")),
                    found => {
                        let message = format!("expected a number after `-`, found {}", found.describe());
                        return Err(self.error(ErrorCode::Syntax, span.start..self.last_end, message));
                    }
                }
            }
            Token::Duration(text) => {
                let message = format!("`{text}` is not a value");
                return Err(self
                    .error(ErrorCode::InvalidLiteral, span, message)
                    .hint("durations follow `@now` or `@today`: `@now - 7d`; names in backticks may start with a digit"));
            }
            Token::Sign('[') => {
                return Err(self.unexpected("a value").hint("lists stand after `in` alone"));
            }
            Token::Sign('(') => {
                return Err(self
                    .unexpected("a value")
                    .hint("parentheses group conditions; values stand without them"));
            }
            Token::Sign('.') => {
                return Err(self.unexpected("a value").hint("numbers start with a digit: `0.5`"));
            }
            Token::Sign('$') => {
                self.advance()?;
                ValueKind::Path(self.path(Root::Outer, Vec::new())?)
            }
            Token::At(_) => self.at_name()?,
            Token::Word(_) | Token::Quoted(_) => self.word()?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Value { kind, span: span.start..self.last_end })
    }

    /// `@now`, `@today`, `@user`, `@new`
    fn at_name(&mut self) -> Parsed<ValueKind> {
        let span = self.span.clone();
        let Token::At(name) = self.advance()? else { return Err(self.unexpected("a name after `@`")) };
        match name.as_str() {
            "now" => Ok(ValueKind::Now(self.offset()?)),
            "today" => Ok(ValueKind::Today(self.offset()?)),
            "user" => Ok(ValueKind::Path(self.path(Root::User, Vec::new())?)),
            "new" => Ok(ValueKind::Path(self.path(Root::New, Vec::new())?)),
            _ => {
                let names = ["now", "today", "user", "new"];
                let hint = match crate::near::nearest(&name, names) {
                    Some(near) => format!("did you mean `@{near}`? "),
                    None => String::new(),
                };
                Err(self
                    .error(ErrorCode::UnknownName, span, format!("unknown name `@{name}`"))
                    .hint(format!("{hint}There are @now, @today, @user and @new")))
            }
        }
    }

    /// The `- 7d` of `@now - 7d`, in seconds.
    fn offset(&mut self) -> Parsed<i64> {
        let sign = match self.token {
            Token::Sign('-') => -1,
            Token::Sign('+') => 1,
            _ => return Ok(0),
        };
        self.advance()?;
        let span = self.span.clone();
        let Token::Duration(text) = &self.token else {
            return Err(self
                .unexpected("a duration")
                .hint("durations are a number and a unit (s, m, h, d, w): `7d`, `1h30m`"));
        };
        match duration::parse(text) {
            Ok(seconds) => {
                self.advance()?;
                Ok(sign * seconds)
            }
            Err(message) => Err(self
                .error(ErrorCode::InvalidLiteral, span, message)
                .hint("durations are numbers and units (s, m, h, d, w): `7d`, `1h30m`")),
        }
    }

    /// A keyword that is a value, a function, or a field.
    fn word(&mut self) -> Parsed<ValueKind> {
        let span = self.span.clone();
        let bare = matches!(self.token, Token::Word(_));
        let (Token::Word(text) | Token::Quoted(text)) = self.advance()? else {
            return Err(self.unexpected("a value"));
        };
        if bare {
            match text.as_str() {
                "null" => return Ok(ValueKind::Null),
                "true" => return Ok(ValueKind::Bool(true)),
                "false" => return Ok(ValueKind::Bool(false)),
                keyword if is_keyword(keyword) => {
                    return Err(self
                        .error(ErrorCode::Syntax, span, format!("expected a value, found `{keyword}`"))
                        .hint(format!("a field of that name stands in backticks: `` `{keyword}` ``")));
                }
                "NULL" | "TRUE" | "FALSE" => {
                    let lower = text.to_lowercase();
                    return Err(self
                        .error(ErrorCode::Syntax, span, format!("expected a value, found `{text}`"))
                        .hint(format!("words are in lower case: write `{lower}`")));
                }
                _ => {}
            }
            if self.at_sign('(') {
                return self.call(Name { text, span });
            }
        }
        let first = Segment { kind: SegmentKind::Name(text), span };
        Ok(ValueKind::Path(self.path(Root::Row, vec![first])?))
    }

    /// The arguments of a function. Those of `exists` are no values: its caller reads them.
    fn call(&mut self, function: Name) -> Parsed<ValueKind> {
        if function.text == "exists" {
            return Ok(ValueKind::Call { function, arguments: Vec::new() });
        }
        self.expect_sign('(', "after the function")?;
        let mut arguments = Vec::new();
        while !self.at_sign(')') {
            arguments.push(self.deeper(function.span.clone(), Self::value)?);
            if !self.take_sign(',')? {
                break;
            }
        }
        self.expect_sign(')', "at the end of the arguments")?;
        Ok(ValueKind::Call { function, arguments })
    }

    /// The steps of a path, whose root (and, for a field, first step) is read.
    fn path(&mut self, root: Root, mut segments: Vec<Segment>) -> Parsed<Path> {
        loop {
            let start = self.span.start;
            let kind = if self.take_sign('.')? {
                self.step()?
            } else if !segments.is_empty() && self.at_sign('[') {
                self.advance()?;
                let index = self.index()?;
                self.expect_sign(']', "after the index")?;
                SegmentKind::Index(index)
            } else if segments.is_empty() {
                let root = root.as_str();
                return Err(self.unexpected(&format!("`.` and a name after `{root}`")));
            } else {
                return Ok(Path { root, segments });
            };
            let dot = usize::from(!matches!(kind, SegmentKind::Index(_)));
            let start = if dot == 1 { self.step_start(start) } else { start };
            segments.push(Segment { kind, span: start..self.last_end });
            if segments.len() > MAX_PATH {
                return Err(self.error(
                    ErrorCode::TooDeep,
                    start..self.last_end,
                    format!("a path has at most {MAX_PATH} steps"),
                ));
            }
        }
    }

    /// Where the name after a dot begins: white space may stand between.
    fn step_start(&self, dot: usize) -> usize {
        let after = &self.source[dot + 1..self.last_end];
        dot + 1 + (after.len() - after.trim_ascii_start().len())
    }

    fn step(&mut self) -> Parsed<SegmentKind> {
        match &self.token {
            Token::Word(_) | Token::Quoted(_) | Token::Text(_) => {}
            Token::Number(_) | Token::Duration(_) => {
                return Err(self
                    .unexpected("a name after `.`")
                    .hint("elements of a list are `[0]`, `[1]`; odd keys stand in quotes: `meta.\"1st\"`"));
            }
            _ => return Err(self.unexpected("a name after `.`")),
        }
        Ok(match self.advance()? {
            Token::Text(key) => SegmentKind::Key(key),
            Token::Word(name) | Token::Quoted(name) => SegmentKind::Name(name),
            _ => return Err(self.unexpected("a name after `.`")),
        })
    }

    fn index(&mut self) -> Parsed<u32> {
        let index = match &self.token {
            Token::Number(digits) => digits.parse::<u32>().ok().filter(|index| *index <= i32::MAX as u32),
            _ => None,
        };
        match index {
            Some(index) => {
                self.advance()?;
                Ok(index)
            }
            None => Err(self.unexpected("the index of an element, from 0").hint("keys stand after a dot")),
        }
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
            Token::Sign('+' | '-') => {
                Some("there is no arithmetic but that of `@now` and `@today`".to_owned())
            }
            _ => None,
        };
        let error = self.unexpected("an operator, `and`, `or` or the end");
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
