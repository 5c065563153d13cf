//! The canonical text of an expression: one spelling, parentheses only where they are needed.

use std::fmt::{self, Display, Formatter, Write};

use super::duration;
use super::lexer::is_word;
use super::parser::is_keyword;
use super::syntax::*;

/// A name as it is written: in backticks where it is no bare word.
pub(super) fn name(text: &str) -> String {
    let bare = text.starts_with(|c: char| is_word(c) && !c.is_ascii_digit())
        && text.chars().all(is_word)
        && !is_keyword(text)
        && !["NULL", "TRUE", "FALSE"].contains(&text);
    if bare { text.to_owned() } else { format!("`{}`", text.replace('`', "``")) }
}

/// Text as it is written, in double quotes.
pub(super) fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if (control as u32) < 0x20 => quoted.push_str(&format!("\\u{:04x}", control as u32)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn joined<T: Display>(parts: &[T], separator: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        part.fmt(f)?;
    }
    Ok(())
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

/// The parts of `and` and `or`, in parentheses where they would be read otherwise.
fn parts(parts: &[Condition], word: &str, within_and: bool, f: &mut Formatter<'_>) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        match &part.kind {
            ConditionKind::Or(_) => write!(f, "({part})")?,
            ConditionKind::And(_) if within_and => write!(f, "({part})")?,
            _ => part.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match &self.kind {
            ConditionKind::And(all) => parts(all, " and ", true, f),
            ConditionKind::Or(any) => parts(any, " or ", false, f),
            ConditionKind::Not(inner) => match inner.kind {
                ConditionKind::And(_) | ConditionKind::Or(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            ConditionKind::Compare { op, left, right } => write!(f, "{left} {} {right}", op.as_str()),
            ConditionKind::In { value, list, negated } => write!(f, "{value} {}in {list}", not(negated)),
            ConditionKind::Like { value, pattern, case_insensitive, negated } => {
                let word = if *case_insensitive { "ilike" } else { "like" };
                write!(f, "{value} {}{word} {pattern}", not(negated))
            }
            ConditionKind::Contains { container, element, negated } => {
                write!(f, "{container} {}contains {element}", not(negated))
            }
            ConditionKind::Exists { collection, condition } => {
                write!(f, "exists({}, {condition})", name(&collection.text))
            }
            ConditionKind::Test(value) => value.fmt(f),
        }
    }
}

impl Display for List {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { values, .. } => {
                f.write_char('[')?;
                joined(values, ", ", f)?;
                f.write_char(']')
            }
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let instant = |name: &str, offset: i64, f: &mut Formatter<'_>| match offset {
            0 => f.write_str(name),
            _ => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{name} {sign} {}", duration::print(offset.abs()))
            }
        };
        match &self.kind {
            ValueKind::Null => f.write_str("null"),
            ValueKind::Bool(value) => value.fmt(f),
            ValueKind::Number(number) => f.write_str(number),
            ValueKind::Text(content) => f.write_str(&text(content)),
            ValueKind::Now(offset) => instant("@now", *offset, f),
            ValueKind::Today(offset) => instant("@today", *offset, f),
            ValueKind::Path(path) => path.fmt(f),
            ValueKind::Call { function, arguments } => {
                write!(f, "{}(", function.text)?;
                joined(arguments, ", ", f)?;
                f.write_char(')')
            }
        }
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.as_str())?;
        for (index, segment) in self.segments.iter().enumerate() {
            if !matches!(segment.kind, SegmentKind::Index(_)) && (index > 0 || self.root != Root::Row) {
                f.write_char('.')?;
            }
            match &segment.kind {
                SegmentKind::Name(field) => f.write_str(&name(field))?,
                SegmentKind::Key(key) => f.write_str(&text(key))?,
                SegmentKind::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
