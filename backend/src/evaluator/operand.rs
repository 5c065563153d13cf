//! Operands, ready to be evaluated.

use std::borrow::Cow;

use annex_openapi::expression::{Literal, Row};
use uuid::Uuid;

use super::json::{self, Step};
use super::number::Number;
use super::others::Way;
use super::value::{Kind, Value};
use super::{Context, Rows, array, instant};

/// A value of a condition, with everything resolved.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Always null.
    Null,
    Constant(Constant),
    Column(Column),
    /// A list of what `kind` reads.
    List(Column),
    Json {
        column: Column,
        path: Box<[Step]>,
        expected: Kind,
    },
    UserId,
    UserIdText,
    UserEmail,
    UserVerified,
    UserRoles,
    UserOrgs,
    /// The instant of the request and that many microseconds.
    Now(i64),
    /// The day of the request and that many days.
    Today(i64),
    Midnight(Box<Operand>),
    Length(Box<Operand>),
}

/// A column of a row, and as what it is read.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) place: Place,
    pub(super) index: usize,
    pub(super) kind: Kind,
}

/// Where a row is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Here(Row),
    /// Behind relations.
    Far(Box<Way>),
}

/// A literal.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    Bool(bool),
    Whole(i64),
    Float(f64),
    Number(Box<str>),
    Text(Box<str>),
    Uuid(Uuid),
    Day(i64),
    Instant(i64),
}

impl Constant {
    pub(super) fn new(literal: &Literal) -> Self {
        match literal {
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Whole((*value).into()),
            Literal::Bigint(value) => Self::Whole(*value),
            Literal::Float(value) => Self::Float(*value),
            Literal::Numeric(value) => Self::Number(value.as_str().into()),
            Literal::Text(value) | Literal::Enum(value) => Self::Text(value.as_str().into()),
            Literal::Date(value) => Self::Day(instant::of_date(*value)),
            Literal::Timestamp(value) => Self::Instant(instant::of_time(*value)),
            Literal::Uuid(value) => Self::Uuid(*value),
        }
    }

    pub(super) fn value(&self) -> Option<Value<'_>> {
        Some(match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Whole(value) => Value::Whole(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Number(value) => Value::Number(Number::parse(value)?),
            Self::Text(value) => Value::Text(Cow::Borrowed(value)),
            Self::Uuid(value) => Value::Uuid(*value),
            Self::Day(value) => Value::Day(*value),
            Self::Instant(value) => Value::Instant(*value),
        })
    }
}

impl Column {
    pub(super) fn text<'a>(&'a self, context: &'a Context<'_>, rows: Rows<'a>) -> Option<&'a str> {
        match &self.place {
            Place::Here(row) => rows.get(*row)?.get(self.index),
            Place::Far(way) => way.follow(context, rows)?.get(self.index),
        }
    }
}

impl Operand {
    /// The value; none for null.
    pub(super) fn value<'a>(&'a self, context: &'a Context<'_>, rows: Rows<'a>) -> Option<Value<'a>> {
        match self {
            Self::Null => None,
            Self::Constant(constant) => constant.value(),
            Self::Column(column) => column.kind.read(column.text(context, rows)?),
            Self::List(column) => Some(Value::List(column.text(context, rows)?, column.kind)),
            Self::Json { column, path, expected } => {
                within(json::at(column.text(context, rows)?, path)?, *expected)
            }
            Self::UserId => context.identity.map(|identity| Value::Uuid(identity.user_id)),
            Self::UserIdText => context.id_text().map(|text| Value::Text(Cow::Borrowed(text))),
            Self::UserEmail => context.identity.map(|identity| Value::Text(Cow::Borrowed(&identity.email))),
            Self::UserVerified => context.identity.map(|identity| Value::Bool(identity.verified)),
            Self::UserRoles => context.identity.map(|identity| Value::Names(&identity.roles)),
            Self::UserOrgs => context.identity.map(|_| Value::Names(&[])),
            Self::Now(offset) => Some(Value::Instant(context.now + offset)),
            Self::Today(days) => Some(Value::Day(context.now.div_euclid(instant::DAY_MICROS) + days)),
            Self::Midnight(day) => match day.value(context, rows)? {
                Value::Day(day) => Some(Value::Instant(instant::midnight(day))),
                _ => None,
            },
            Self::Length(of) => length(&of.value(context, rows)?).map(Value::Whole),
        }
    }
}

/// What is within JSON, where it is of the kind that is expected.
fn within(value: &str, expected: Kind) -> Option<Value<'_>> {
    match (json::kind(value), expected) {
        (json::Kind::Null, _) => None,
        (_, Kind::Json) => Some(Value::Json(value)),
        (json::Kind::Bool(value), Kind::Bool) => Some(Value::Bool(value)),
        (json::Kind::Text(quoted), Kind::Text) => json::unescape(quoted).map(Value::Text),
        (json::Kind::Number(number), Kind::Number | Kind::Float) => expected.read(number),
        _ => None,
    }
}

fn length(value: &Value<'_>) -> Option<i64> {
    let length = match value {
        Value::Text(text) => text.chars().count(),
        Value::List(text, _) => array::elements(text).count(),
        Value::Names(names) => names.len(),
        Value::Json(value) if json::kind(value) == json::Kind::List => json::elements(value).count(),
        _ => return None,
    };
    i64::try_from(length).ok()
}
