//! From a checked condition to a program: columns by their index, literals and patterns prepared, everything that the database
//! alone can decide found.

use annex_openapi::collections::FieldType;
use annex_openapi::expression::{
    self, CompareOp, Containment, FieldRef, Function, JsonStep, Predicate, UserAttribute, UserRef, ValueType,
};

use super::json::Step;
use super::node::Node;
use super::operand::{Column, Constant, Operand};
use super::pattern::Pattern;
use super::value::{Kind, compare};
use crate::collections::catalogue::{self, Filled, Table, Wire};

/// Compiles one condition.
pub(super) struct Compiler<'a> {
    pub(super) table: &'a Table,
    /// Why the database alone can decide it, each once.
    pub(super) reasons: Vec<String>,
}

/// As what a value of that type is read by itself.
fn kind(type_: FieldType) -> Kind {
    match type_ {
        FieldType::Bool => Kind::Bool,
        FieldType::Int | FieldType::Bigint => Kind::Whole,
        FieldType::Float => Kind::Float,
        FieldType::Numeric => Kind::Number,
        FieldType::Date => Kind::Day,
        FieldType::Timestamp => Kind::Instant,
        FieldType::Uuid | FieldType::Relation | FieldType::File | FieldType::Files => Kind::Uuid,
        FieldType::Json => Kind::Json,
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum => Kind::Text,
    }
}

/// As what both sides of a comparison are read.
fn common(left: ValueType, right: ValueType) -> Kind {
    match (kind(left.type_), kind(right.type_)) {
        (Kind::Float, _) | (_, Kind::Float) => Kind::Float,
        (Kind::Number, _) | (_, Kind::Number) => Kind::Number,
        (kind, _) => kind,
    }
}

impl Compiler<'_> {
    /// Notes why the database alone can decide it.
    fn leave(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    pub(super) fn predicate(&mut self, predicate: &Predicate) -> Node {
        if let Some(reason) =
            predicate.operator().and_then(|(operator, type_)| operator.database_alone(type_))
        {
            self.leave(reason);
        }
        match predicate {
            Predicate::Constant(value) => Node::Constant(*value),
            Predicate::And(parts) => Node::All(parts.iter().map(|part| self.predicate(part)).collect()),
            Predicate::Or(parts) => Node::Any(parts.iter().map(|part| self.predicate(part)).collect()),
            Predicate::Not(inner) => Node::Not(Box::new(self.predicate(inner))),
            Predicate::Compare { op, left, right } => self.compare(*op, left, right),
            Predicate::IsNull(operand) => self.is_null(operand),
            Predicate::In { values, .. } if values.is_empty() => Node::Constant(false),
            Predicate::In { operand, values } => {
                let mut values: Vec<Constant> = values.iter().map(Constant::new).collect();
                let order = |a: &Constant, b: &Constant| compare(&a.value()?, &b.value()?);
                values.sort_by(|a, b| order(a, b).expect("the values of a list have one type"));
                Node::In { operand: self.value(operand), values: values.into() }
            }
            Predicate::Like { operand, pattern, .. } => {
                Node::Like { operand: self.value(operand), pattern: Pattern::new(pattern) }
            }
            Predicate::Contains { container, element, kind: Containment::Element } => {
                let kind = kind(container.value_type().type_);
                Node::Element { list: self.operand(container, kind), element: self.operand(element, kind) }
            }
            Predicate::Contains { container, element, kind: Containment::Substring } => {
                Node::Substring { text: self.value(container), part: self.value(element) }
            }
            Predicate::Contains { container, element, kind: Containment::Json } => {
                let kind = match kind(element.value_type().type_) {
                    Kind::Float | Kind::Whole => Kind::Number,
                    kind => kind,
                };
                Node::JsonElement { list: self.value(container), element: self.operand(element, kind) }
            }
            Predicate::Is(operand) => Node::Is(self.value(operand)),
            Predicate::Exists(exists) => {
                self.leave(format!("it looks for rows of `{}`", exists.collection));
                Node::Constant(false)
            }
        }
    }

    fn compare(&mut self, op: CompareOp, left: &expression::Operand, right: &expression::Operand) -> Node {
        let kind = common(left.value_type(), right.value_type());
        Node::Compare { op, left: self.operand(left, kind), right: self.operand(right, kind) }
    }

    fn is_null(&mut self, operand: &expression::Operand) -> Node {
        match operand {
            expression::Operand::Field(field) => match self.column(field, true) {
                Some((index, _)) => Node::Absent { row: field.row, index },
                None => Node::Constant(false),
            },
            operand => Node::IsNull(self.value(operand)),
        }
    }

    /// An operand, read as what it is.
    fn value(&mut self, operand: &expression::Operand) -> Operand {
        self.operand(operand, kind(operand.value_type().type_))
    }

    /// An operand, read as that kind.
    fn operand(&mut self, operand: &expression::Operand, kind: Kind) -> Operand {
        if let Some(reason) = operand.operator().and_then(|(operator, type_)| operator.database_alone(type_))
        {
            self.leave(reason);
        }
        match operand {
            expression::Operand::Field(field) => self.field(field, kind),
            expression::Operand::Json(json) => match self.column(&json.field, false) {
                Some((index, _)) => Operand::Json {
                    column: Column { row: json.field.row, index, kind: Kind::Json },
                    path: json.path.iter().map(step).collect(),
                    expected: kind,
                },
                None => Operand::Null,
            },
            expression::Operand::Literal(literal) => Operand::Constant(Constant::new(literal)),
            expression::Operand::User(user) => self::user(user),
            expression::Operand::Now { offset } => Operand::Now(offset * 1_000_000),
            expression::Operand::Today { days } => Operand::Today(*days),
            expression::Operand::Midnight(day) => Operand::Midnight(Box::new(self.value(day))),
            expression::Operand::Call { function: Function::Length, argument } => {
                Operand::Length(Box::new(self.value(argument)))
            }
            expression::Operand::Call { function: Function::Lower | Function::Upper, argument } => {
                self.value(argument);
                Operand::Null
            }
        }
    }

    fn field(&mut self, field: &FieldRef, kind: Kind) -> Operand {
        let Some((index, column)) = self.column(field, false) else { return Operand::Null };
        let kind = match kind {
            Kind::Float if column.wire == Wire::Float4 => Kind::Single,
            kind => kind,
        };
        let column = Column { row: field.row, index, kind };
        if field.value_type.array { Operand::List(column) } else { Operand::Column(column) }
    }

    /// The column of a field, where a row outside of the database says what it holds: by its value, or only whether there is one.
    fn column(&mut self, field: &FieldRef, presence: bool) -> Option<(usize, &catalogue::Column)> {
        let name = &field.field;
        if let Some(hop) = field.hops.first() {
            self.leave(format!("it follows the relation `{}`", hop.field));
            return None;
        }
        let table = self.table;
        let Some(index) = table.column(name) else {
            self.leave(format!("the catalogue no longer has `{name}`"));
            return None;
        };
        let column = &table.columns[index];
        let native = &table.collection.fields[index].native_type;
        if matches!(column.filled, Filled::Generated(_)) {
            self.leave(format!("`{name}` is generated: the database's log does not carry it"));
        } else if column.wire == Wire::Json {
            self.leave(format!("`{name}` is {native}: only jsonb has one way to be written"));
        } else if !presence && (column.wire == Wire::Other || !column.bytewise) {
            self.leave(format!("`{name}` is {native}, which the database compares by rules of its own"));
        }
        Some((index, column))
    }
}

fn step(step: &JsonStep) -> Step {
    match step {
        JsonStep::Key(key) => Step::key(key),
        JsonStep::Index(index) => Step::Index(*index as usize),
    }
}

fn user(user: &UserRef) -> Operand {
    match user.attribute {
        UserAttribute::Id if user.value_type.type_ == FieldType::Uuid => Operand::UserId,
        UserAttribute::Id => Operand::UserIdText,
        UserAttribute::Email => Operand::UserEmail,
        UserAttribute::Verified => Operand::UserVerified,
        UserAttribute::Roles => Operand::UserRoles,
        UserAttribute::Orgs => Operand::UserOrgs,
        // Tokens have no claims of their own so far.
        UserAttribute::Claims(_) => Operand::Null,
    }
}
