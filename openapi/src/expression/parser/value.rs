//! Values and the paths to them.

use super::super::duration;
use super::super::error::ErrorCode;
use super::super::lexer::Token;
use super::super::suggest::Hint;
use super::super::syntax::*;
use super::{Parsed, Parser, is_keyword};
use crate::near::nearest;

/// The most steps of one path.
const MAX_PATH: usize = 24;

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Parsed<Value> {
        let value = self.operand()?;
        match &value.kind {
            ValueKind::Call { function, .. } if function.text == "exists" => Err(self
                .error(ErrorCode::Syntax, function.span.clone(), "`exists` is a condition, not a value")
                .hint("join it with `and`, `or` and `not`")),
            _ => Ok(value),
        }
    }

    /// A value, or the word `exists` before its `(`.
    pub(super) fn operand(&mut self) -> Parsed<Value> {
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
                    .hint("numbers are digits; durations follow `@now` or `@today`: `@now - 7d`"));
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
                let near = nearest(&name, names);
                let meant = near.map(|near| format!("did you mean `@{near}`? ")).unwrap_or_default();
                let hint = Hint {
                    text: format!("{meant}There are @now, @today, @user and @new"),
                    correction: near.map(|near| format!("@{near}")),
                };
                Err(self.error(ErrorCode::UnknownName, span, format!("unknown name `@{name}`")).hint(hint))
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
}
