//! The expression as it is written: names are not resolved, values have no types, and every part knows
//! where it stands in the source.

use std::ops::Range;

/// Byte offsets into the source.
pub type Span = Range<usize>;

/// A parsed expression, which knows no catalogue yet. [`Display`](std::fmt::Display) writes its canonical text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The text that was parsed.
    pub source: String,
    /// What it says.
    pub condition: Condition,
}

/// Something that holds, does not hold, or is unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What kind.
    pub kind: ConditionKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionKind {
    /// `a and b and c`: two or more.
    And(Vec<Condition>),
    /// `a or b or c`: two or more.
    Or(Vec<Condition>),
    /// `not a`
    Not(Box<Condition>),
    /// `left = right`
    Compare {
        /// How they compare.
        op: CompareOp,
        /// The left side.
        left: Value,
        /// The right side.
        right: Value,
    },
    /// `value in list`
    In {
        /// What is looked for.
        value: Value,
        /// Where.
        list: List,
        /// Whether it is `not in`.
        negated: bool,
    },
    /// `value like "pattern"`
    Like {
        /// The text.
        value: Value,
        /// The pattern.
        pattern: Value,
        /// Whether it is `ilike`.
        case_insensitive: bool,
        /// Whether it is `not like`.
        negated: bool,
    },
    /// `container contains element`
    Contains {
        /// The list or text.
        container: Value,
        /// What may be in it.
        element: Value,
        /// Whether it is `not contains`.
        negated: bool,
    },
    /// `exists(collection, condition)`
    Exists {
        /// The collection.
        collection: Name,
        /// What holds for one of its rows.
        condition: Box<Condition>,
    },
    /// A value that is itself true or false.
    Test(Value),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// The operator that says the same with the sides exchanged.
    pub fn flipped(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// Whether it needs values that have an order.
    pub fn is_ordering(self) -> bool {
        !matches!(self, Self::Eq | Self::Ne)
    }
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub enum List {
    /// `[a, b]`
    Values {
        /// The values.
        values: Vec<Value>,
        /// Where the list stands, with its brackets.
        span: Span,
    },
    /// A list that a field or the caller has.
    Value(Value),
}

/// A value of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What kind.
    pub kind: ValueKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text, without its quotes and escapes.
    Text(String),
    /// `@now`, `@now - 7d`: the offset in seconds.
    Now(i64),
    /// `@today`, `@today - 7d`: the offset in seconds.
    Today(i64),
    /// A field, an attribute of the caller, or something within them.
    Path(Path),
    /// `function(a, b)`
    Call {
        /// The function.
        function: Name,
        /// What it is given.
        arguments: Vec<Value>,
    },
}

/// `author.name`, `$.room`, `@new.status`, `@user.id`, `meta.tags[0]`
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The way from there: never empty.
    pub segments: Vec<Segment>,
}

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// At the row itself: nothing is written.
    Row,
    /// `$`: at the row around `exists`.
    Outer,
    /// `@new`: at the row as it would be written.
    New,
    /// `@user`: at the caller.
    User,
}

impl Root {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Row => "",
            Self::Outer => "$",
            Self::New => "@new",
            Self::User => "@user",
        }
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Which step.
    pub kind: SegmentKind,
    /// Where it stands, with its quotes or brackets.
    pub span: Span,
}

/// The kinds of steps.
#[derive(Debug, Clone, PartialEq)]
pub enum SegmentKind {
    /// `name` or `` `odd name` ``
    Name(String),
    /// `"odd key"`, within JSON.
    Key(String),
    /// `[0]`, within JSON.
    Index(u32),
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name, without backticks.
    pub text: String,
    /// Where it stands, with its backticks.
    pub span: Span,
}
