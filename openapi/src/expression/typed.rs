//! The expression as it is executed: every name resolved, every value of a known type, everything implicit
//! said. Both executors take it from here; the [module](super) says what it means.

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::decimal::Decimal;
use super::scope::TOPIC;
pub use super::syntax::CompareOp;
use crate::collections::{Field, FieldType};

/// A condition over a row: true, false or unknown. A row passes where it is true.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// The same for every row.
    Constant(bool),
    /// Holds where all hold: two or more.
    And(Vec<Predicate>),
    /// Holds where one holds: two or more.
    Or(Vec<Predicate>),
    /// Holds where the other is false; unknown where that is.
    Not(Box<Predicate>),
    /// Unknown where a side is null. The sides have the same type, or are both whole or decimal numbers
    /// (`int`, `bigint`, `float`, `numeric`), or both text (`text`, `email`, `url`, `enum`); of literals, at
    /// least one stands on the right.
    Compare {
        /// How they compare.
        op: CompareOp,
        /// The left side.
        left: Operand,
        /// The right side.
        right: Operand,
    },
    /// Whether there is no value; never unknown. JSON's `null` counts as no value.
    IsNull(Operand),
    /// Whether it equals one of the values, all of which have its type (as in `Compare`). Unknown where the operand is null,
    /// but false where there are no values.
    In {
        /// What is looked for.
        operand: Operand,
        /// At most [`MAX_LIST`](super::MAX_LIST) of them.
        values: Vec<Literal>,
    },
    /// SQL's LIKE: `%` any characters, `_` one, `\` takes the next one literally. Unknown where the operand is null.
    Like {
        /// Text of any kind.
        operand: Operand,
        /// Well formed: it does not end within an escape.
        pattern: String,
        /// Whether case counts not (ILIKE).
        case_insensitive: bool,
    },
    /// Unknown where a side is null.
    Contains {
        /// What is searched.
        container: Operand,
        /// What is searched for.
        element: Operand,
        /// What "contains" means.
        kind: Containment,
    },
    /// A boolean that is the condition.
    Is(Operand),
    /// Whether a row of a collection fulfils a condition; never unknown.
    Exists(Box<Exists>),
}

/// What "contains" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Containment {
    /// The container is an array, and one of its elements equals the element. Elements that are null
    /// are passed over: they make nothing unknown.
    Element,
    /// The container is text of which the element is a part, case included; the empty text is part of any.
    Substring,
    /// The container is JSON and holds a list, of which one element is the same text, number or boolean;
    /// unknown where it is anything else than a list.
    Json,
}

/// `exists(collection, predicate)`
#[derive(Debug, Clone, PartialEq)]
pub struct Exists {
    /// The collection.
    pub collection: String,
    /// What holds for one of its rows: there [`Row::This`] is that row, [`Row::Outer`] the one around.
    pub predicate: Predicate,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// Its type, or that of its elements. Never `relation`, `file` or `files`: these are the type of their key.
    pub type_: FieldType,
    /// Whether it is an array.
    pub array: bool,
}

impl ValueType {
    /// One value of that type.
    pub const fn one(type_: FieldType) -> Self {
        Self { type_, array: false }
    }

    /// The values of a field: for relations and files, the keys.
    pub fn of(field: &Field) -> Self {
        match field.value_type() {
            FieldType::Files => Self::many(FieldType::Uuid),
            FieldType::Relation | FieldType::File => Self { type_: FieldType::Uuid, array: field.array },
            type_ => Self { type_, array: field.array },
        }
    }

    /// An array of that type.
    pub const fn many(type_: FieldType) -> Self {
        Self { type_, array: true }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A field.
    Field(FieldRef),
    /// Something within a JSON field.
    Json(JsonRef),
    /// A value that is written in the expression.
    Literal(Literal),
    /// An attribute of the caller.
    User(UserRef),
    /// The instant of the request, plus these seconds.
    Now {
        /// The seconds; negative for before.
        offset: i64,
    },
    /// The day of the request in UTC, plus these days.
    Today {
        /// The days; negative for before.
        days: i64,
    },
    /// The instant at which a day (a `date`) begins in UTC.
    Midnight(Box<Operand>),
    /// What a function makes of a value; null where that is null.
    Call {
        /// The function.
        function: Function,
        /// What it is given.
        argument: Box<Operand>,
    },
}

impl Operand {
    /// Whether it is a parameter of a topic: text, which is read as what it is compared with.
    pub fn is_parameter(&self) -> bool {
        matches!(self, Self::Field(field) if field.collection == TOPIC)
    }

    /// What it is, where it is not null.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Field(field) => field.value_type,
            Self::Json(json) => ValueType::one(json.type_),
            Self::Literal(literal) => ValueType::one(literal.type_()),
            Self::User(user) => user.value_type,
            Self::Now { .. } | Self::Midnight(_) => ValueType::one(FieldType::Timestamp),
            Self::Today { .. } => ValueType::one(FieldType::Date),
            Self::Call { function, .. } => ValueType::one(function.returns()),
        }
    }
}

/// Which row a field is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Row {
    /// The row that the predicate is about: in an update rule the one before; within [`Exists`] its row.
    This,
    /// The row as it would be written, from anywhere in a create or update rule. A create rule has no other.
    New,
    /// Within [`Exists`]: the row directly around it.
    Outer,
}

/// A field of a row, or of one that it points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldRef {
    /// Where the way starts.
    pub row: Row,
    /// The way, over relations: at most [`MAX_HOPS`](super::MAX_HOPS). The field is null where a relation on it is.
    pub hops: Vec<Hop>,
    /// The collection that has the field.
    pub collection: String,
    /// The field.
    pub field: String,
    /// What it holds.
    pub value_type: ValueType,
}

/// One relation that is followed, to at most one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hop {
    /// The collection that has the relation.
    pub collection: String,
    /// The relation.
    pub field: String,
    /// The collection that it points at.
    pub target: String,
    /// The field of the target that the relation's value equals.
    pub key: String,
}

/// Something within a JSON field. Where it is not there, is JSON's `null`, or is not of the type, it is null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonRef {
    /// The field.
    pub field: FieldRef,
    /// The way within its value; empty for the value itself.
    pub path: Vec<JsonStep>,
    /// What is expected there: `text`, `numeric` or `bool`; `json` for anything.
    pub type_: FieldType,
}

/// One step within JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JsonStep {
    /// The member of an object; null for anything that is not an object.
    Key(String),
    /// The element of a list, from 0; null for anything that is not a list.
    Index(u32),
}

/// A value that is written in the expression, already of the type that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i32),
    /// `bigint`
    Bigint(i64),
    /// `float`: the nearest one to what is written; finite.
    Float(f64),
    /// `numeric`
    Numeric(Decimal),
    /// `text`, also where it is compared with `email` or `url`.
    Text(String),
    /// `enum`: one of the field's values.
    Enum(String),
    /// `date`
    Date(Date),
    /// `timestamp`, in UTC and whole microseconds.
    Timestamp(OffsetDateTime),
    /// `uuid`
    Uuid(Uuid),
}

impl Literal {
    /// Its type.
    pub fn type_(&self) -> FieldType {
        match self {
            Self::Bool(_) => FieldType::Bool,
            Self::Int(_) => FieldType::Int,
            Self::Bigint(_) => FieldType::Bigint,
            Self::Float(_) => FieldType::Float,
            Self::Numeric(_) => FieldType::Numeric,
            Self::Text(_) => FieldType::Text,
            Self::Enum(_) => FieldType::Enum,
            Self::Date(_) => FieldType::Date,
            Self::Timestamp(_) => FieldType::Timestamp,
            Self::Uuid(_) => FieldType::Uuid,
        }
    }
}

/// An attribute of the caller, as a value of a type. Null where nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserRef {
    /// Which.
    pub attribute: UserAttribute,
    /// As what. Ids are `uuid`, or `text` (lower case, with hyphens) where they meet text; claims are null where they are not of
    /// the type (`text`, `numeric`, `bool`, `uuid` as text, `json` for anything).
    pub value_type: ValueType,
}

/// The attributes of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UserAttribute {
    /// The id.
    Id,
    /// The e-mail address.
    Email,
    /// Whether the address is known to be the caller's.
    Verified,
    /// The names of the roles.
    Roles,
    /// The ids of the organisations.
    Orgs,
    /// Something within the token's claims.
    Claims(Vec<JsonStep>),
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// The characters (Unicode code points) of text, or the elements of an array, or of a JSON list (null for
    /// any other JSON).
    Length,
    /// Text in lower case.
    Lower,
    /// Text in upper case.
    Upper,
}

impl Function {
    /// All of them; `exists` is part of the grammar.
    pub const ALL: [Self; 3] = [Self::Length, Self::Lower, Self::Upper];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Lower => "lower",
            Self::Upper => "upper",
        }
    }

    /// The type of what it makes.
    pub fn returns(self) -> FieldType {
        match self {
            Self::Length => FieldType::Int,
            Self::Lower | Self::Upper => FieldType::Text,
        }
    }
}
