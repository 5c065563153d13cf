//! Follows the tokens of an expression up to a place, to know what stands there: less strict than the parser, and
//! never at the end.

use super::super::check::path::ATTRIBUTES;
use super::super::lexer::Token;
use super::super::scope::Scope;
use super::super::typed::{Function, ValueType};
use crate::collections::{Collection, Field, FieldType};

/// What has been read of a path, or of any other value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A row: `$`, `@new`.
    Row(&'a Collection),
    /// A field.
    Field(&'a Field),
    /// `@user`
    Caller,
    /// Something of a known type that leads nowhere.
    Value(ValueType),
    /// Something else.
    Unknown,
}

impl Place<'_> {
    /// What it holds, where that is known.
    pub(super) fn value_type(&self) -> Option<ValueType> {
        match self {
            Self::Field(field) => Some(ValueType::of(field)),
            Self::Value(type_) => Some(*type_),
            Self::Row(_) | Self::Caller | Self::Unknown => None,
        }
    }
}

/// What may stand next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next<'a> {
    /// The beginning of a condition.
    Condition,
    /// What the value is compared with.
    Beside(Place<'a>),
    /// What is given to a function.
    Argument,
    /// What is said of the value, or a step further.
    Operator(Place<'a>),
    /// A step into it.
    Step(Place<'a>),
    /// `in` or its like, after `not`.
    Negated(Place<'a>),
    /// The list after `in`.
    List(Place<'a>),
    /// The number of an element of JSON.
    Index,
    /// How far `@now` or `@today` is moved.
    Offset(Place<'a>),
    /// A collection, in `exists`.
    Collection,
    /// `and` and `or`.
    Connective,
    /// Nothing that is known.
    Nothing,
}

/// What is open around the place.
#[derive(Debug, Clone, Copy)]
enum Frame<'a> {
    Group,
    Exists,
    /// With what stood before it, where it is on the right side.
    Call(Function, Option<Place<'a>>),
    List(Place<'a>),
}

/// Follows the tokens.
pub(super) struct Reader<'a> {
    pub(super) scope: &'a Scope<'a>,
    /// The collections of the rows around, from the outermost to the row itself; unknown where the name is.
    rows: Vec<Option<&'a Collection>>,
    frames: Vec<Frame<'a>>,
    pub(super) next: Next<'a>,
    /// The left side, while the right one is read.
    left: Option<Place<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            rows: vec![Some(scope.collection)],
            frames: Vec::new(),
            next: Next::Condition,
            left: None,
        }
    }

    /// The collection of the row itself.
    pub(super) fn row(&self) -> Option<&'a Collection> {
        self.rows.last().copied().flatten()
    }

    /// The collection of the row around it, within `exists`.
    pub(super) fn outer(&self) -> Option<&'a Collection> {
        self.rows.iter().rev().nth(1).copied().flatten()
    }

    /// Whether a condition is written here, and not a list or what a function is given.
    pub(super) fn in_condition(&self) -> bool {
        !matches!(self.frames.last(), Some(Frame::List(_) | Frame::Call(..)))
    }

    /// How many `exists` are around.
    pub(super) fn depth(&self) -> usize {
        self.rows.len() - 1
    }

    /// Whether the value that was read is a right side: then the condition may be over.
    pub(super) fn is_right_side(&self) -> bool {
        self.left.is_some()
    }

    /// Reads one token; `following` is the one after it.
    pub(super) fn read(&mut self, token: &Token, following: Option<&Token>) {
        self.next = match (self.next, token) {
            (Next::Condition | Next::Connective | Next::Operator(_) | Next::Nothing, Token::Word(word))
                if word == "and" || word == "or" =>
            {
                self.left = None;
                Next::Condition
            }
            (Next::Condition, Token::Word(word)) if word == "not" => Next::Condition,
            (Next::Condition | Next::Nothing, Token::Sign('(')) => {
                self.frames.push(Frame::Group);
                Next::Condition
            }
            (Next::Condition | Next::Beside(_) | Next::Argument, _) => self.value(token, following),
            (Next::Operator(place), _) => self.after_value(place, token),
            (Next::Step(place), Token::Word(name) | Token::Quoted(name)) => {
                Next::Operator(self.step(place, name))
            }
            (Next::Step(_), Token::Text(_)) => Next::Operator(Place::Unknown),
            (Next::Negated(place), Token::Word(_)) => self.after_value(place, token),
            (Next::List(place), Token::Sign('[')) => {
                self.frames.push(Frame::List(place));
                Next::Beside(place)
            }
            (Next::List(_), _) => self.value(token, following),
            (Next::Index, Token::Number(_)) => Next::Index,
            (Next::Index, Token::Sign(']')) => Next::Operator(Place::Unknown),
            (Next::Offset(place), Token::Duration(_)) => Next::Operator(place),
            (Next::Collection, Token::Sign('(')) => Next::Collection,
            (Next::Collection, Token::Word(name) | Token::Quoted(name)) => {
                if let Some(row) = self.rows.last_mut() {
                    *row = self.scope.collections.collection(name);
                }
                Next::Connective
            }
            (Next::Collection | Next::Connective | Next::Nothing, Token::Sign(sign)) => self.close(*sign),
            _ => Next::Nothing,
        };
    }

    fn value(&mut self, token: &Token, following: Option<&Token>) -> Next<'a> {
        let called = following == Some(&Token::Sign('('));
        let place = match token {
            Token::Word(word) if called => return self.call(word),
            // The parenthesis of a function that has just been named.
            Token::Sign('(') => return self.next,
            Token::Sign('-') => return self.next,
            Token::Sign(sign @ (']' | ')')) => return self.close(*sign),
            Token::Word(word) if matches!(word.as_str(), "true" | "false") => {
                Place::Value(ValueType::one(FieldType::Bool))
            }
            Token::Word(word) if word == "null" => Place::Unknown,
            Token::Word(name) | Token::Quoted(name) => match self.row() {
                Some(row) => self.step(Place::Row(row), name),
                None => Place::Unknown,
            },
            Token::Sign('$') => self.outer().map_or(Place::Unknown, Place::Row),
            Token::At(name) => match name.as_str() {
                "user" => Place::Caller,
                "new" => self.rows.first().copied().flatten().map_or(Place::Unknown, Place::Row),
                "now" => Place::Value(ValueType::one(FieldType::Timestamp)),
                "today" => Place::Value(ValueType::one(FieldType::Date)),
                _ => Place::Unknown,
            },
            Token::Number(_) => Place::Value(ValueType::one(FieldType::Numeric)),
            Token::Text(_) => Place::Value(ValueType::one(FieldType::Text)),
            _ => return Next::Nothing,
        };
        Next::Operator(place)
    }

    fn call(&mut self, name: &str) -> Next<'a> {
        if name == "exists" {
            self.frames.push(Frame::Exists);
            self.rows.push(None);
            return Next::Collection;
        }
        match Function::ALL.into_iter().find(|function| function.name() == name) {
            Some(function) => {
                self.frames.push(Frame::Call(function, self.left.take()));
                Next::Argument
            }
            None => Next::Nothing,
        }
    }

    /// After a value.
    fn after_value(&mut self, place: Place<'a>, token: &Token) -> Next<'a> {
        match token {
            Token::Sign('.') => Next::Step(place),
            Token::Sign('[') => Next::Index,
            Token::Compare(_) => {
                self.left = Some(place);
                Next::Beside(place)
            }
            // `@now - 7d`
            Token::Sign('+' | '-') => Next::Offset(place),
            Token::Sign(sign) => self.close(*sign),
            Token::Word(word) => match word.as_str() {
                "in" => {
                    self.left = Some(place);
                    Next::List(place)
                }
                "like" | "ilike" => {
                    self.left = Some(place);
                    Next::Beside(Place::Unknown)
                }
                "contains" => {
                    self.left = Some(place);
                    Next::Beside(place)
                }
                "not" => Next::Negated(place),
                _ => Next::Nothing,
            },
            _ => Next::Nothing,
        }
    }

    /// A sign that ends something, or goes on within it.
    fn close(&mut self, sign: char) -> Next<'a> {
        match (sign, self.frames.last().copied()) {
            (',', Some(Frame::Exists)) => return Next::Condition,
            (',', Some(Frame::List(place))) => return Next::Beside(place),
            (')', Some(Frame::Call(function, left))) => {
                self.frames.pop();
                self.left = left;
                return Next::Operator(Place::Value(ValueType::one(function.returns())));
            }
            (')', Some(Frame::Exists)) => {
                self.rows.pop();
            }
            (')', Some(Frame::Group)) | (']', Some(Frame::List(_))) => {}
            _ => return Next::Nothing,
        }
        self.frames.pop();
        self.left = None;
        Next::Connective
    }

    fn step(&self, place: Place<'a>, name: &str) -> Place<'a> {
        match place {
            Place::Caller => match ATTRIBUTES.into_iter().find(|(known, _)| *known == name) {
                Some((_, type_)) => Place::Value(type_),
                None => Place::Unknown,
            },
            place => match self.within(place).and_then(|row| row.field(name)) {
                Some(field) if self.scope.shows(field) => Place::Field(field),
                _ => Place::Unknown,
            },
        }
    }

    /// The collection whose fields a step into the place leads to.
    pub(super) fn within(&self, place: Place<'a>) -> Option<&'a Collection> {
        match place {
            Place::Row(row) => Some(row),
            Place::Field(field) if field.type_ == FieldType::Relation && !field.array => {
                self.scope.collections.collection(field.collection.as_deref()?)
            }
            _ => None,
        }
    }
}
