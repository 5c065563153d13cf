//! From a checked condition to a program: columns by their index, literals and patterns prepared, everything that the database
//! alone can decide found.

use annex_openapi::collections::FieldType;
use annex_openapi::expression::{
    self, CompareOp, Containment, FieldRef, Function, JsonStep, Predicate, Row, RuleClass, UserAttribute,
    UserRef, ValueType,
};

use super::json::Step;
use super::mirror::{Need, is_indexable};
use super::node::Node;
use super::operand::{Column, Constant, Operand, Place};
use super::others::{Exists, Hop, Other, Relation, Sight, Way};
use super::pattern::Pattern;
use super::value::{Kind, compare};
use crate::collections::catalogue::{Rule, Snapshot, Table, Trust, Wire};

/// Compiles one condition.
pub(super) struct Compiler<'a> {
    /// The other collections; none where no rows of them are at hand.
    snapshot: Option<&'a Snapshot>,
    trust: Trust,
    /// Why the database alone can decide it, each once.
    pub(super) reasons: Vec<String>,
    /// What is asked of other collections, each once.
    pub(super) needs: Vec<Need>,
}

/// The tables of the rows that a condition may name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    this: Spot<'a>,
    outer: Option<Spot<'a>>,
    new: Spot<'a>,
}

/// A table, and which of the needs its columns belong to.
#[derive(Debug, Clone, Copy)]
struct Spot<'a> {
    table: &'a Table,
    need: Option<usize>,
}

impl<'a> Frame<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        let spot = Spot { table, need: None };
        Self { this: spot, outer: None, new: spot }
    }

    fn spot(&self, row: Row) -> Option<Spot<'a>> {
        match row {
            Row::This => Some(self.this),
            Row::New => Some(self.new),
            Row::Outer => self.outer,
        }
    }
}

/// As what a value of that type is read by itself.
pub(super) fn kind(type_: FieldType) -> Kind {
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

impl<'a> Compiler<'a> {
    pub(super) fn new(snapshot: Option<&'a Snapshot>, trust: Trust) -> Self {
        Self { snapshot, trust, reasons: Vec::new(), needs: Vec::new() }
    }

    /// Notes why the database alone can decide it, where that is so.
    pub(super) fn classify(&mut self, predicate: &Predicate, table: &Table) {
        let class = match self.snapshot {
            Some(snapshot) => predicate.class(&table.collection, snapshot),
            None => predicate.class(&table.collection, &Vec::new()),
        };
        if let RuleClass::Sql(alone) = class {
            alone.reasons.into_iter().for_each(|reason| self.leave(reason));
        }
    }

    /// Notes a reason, once.
    fn leave(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    pub(super) fn predicate(&mut self, frame: Frame<'a>, predicate: &Predicate) -> Node {
        match predicate {
            Predicate::Constant(value) => Node::Constant(*value),
            Predicate::And(parts) => {
                Node::All(parts.iter().map(|part| self.predicate(frame, part)).collect())
            }
            Predicate::Or(parts) => Node::Any(parts.iter().map(|part| self.predicate(frame, part)).collect()),
            Predicate::Not(inner) => Node::Not(Box::new(self.predicate(frame, inner))),
            Predicate::Compare { op, left, right } => self.compare(frame, *op, left, right),
            Predicate::IsNull(operand) => self.is_null(frame, operand),
            Predicate::In { values, .. } if values.is_empty() => Node::Constant(false),
            Predicate::In { operand, values } => {
                let mut values: Vec<Constant> = values.iter().map(Constant::new).collect();
                let order = |a: &Constant, b: &Constant| compare(&a.value()?, &b.value()?);
                values.sort_by(|a, b| order(a, b).expect("the values of a list have one type"));
                Node::In { operand: self.value(frame, operand), values: values.into() }
            }
            Predicate::Like { operand, pattern, .. } => {
                Node::Like { operand: self.value(frame, operand), pattern: Pattern::new(pattern) }
            }
            Predicate::Contains { container, element, kind: Containment::Element } => {
                let kind = kind(container.value_type().type_);
                Node::Element {
                    list: self.operand(frame, container, kind),
                    element: self.operand(frame, element, kind),
                }
            }
            Predicate::Contains { container, element, kind: Containment::Substring } => {
                Node::Substring { text: self.value(frame, container), part: self.value(frame, element) }
            }
            Predicate::Contains { container, element, kind: Containment::Json } => {
                let kind = match kind(element.value_type().type_) {
                    Kind::Float | Kind::Whole => Kind::Number,
                    kind => kind,
                };
                Node::JsonElement {
                    list: self.value(frame, container),
                    element: self.operand(frame, element, kind),
                }
            }
            Predicate::Is(operand) => Node::Is(self.value(frame, operand)),
            Predicate::Exists(exists) => self.exists(frame, exists),
        }
    }

    fn compare(
        &mut self,
        frame: Frame<'a>,
        op: CompareOp,
        left: &expression::Operand,
        right: &expression::Operand,
    ) -> Node {
        let kind = common(left.value_type(), right.value_type());
        Node::Compare { op, left: self.operand(frame, left, kind), right: self.operand(frame, right, kind) }
    }

    fn is_null(&mut self, frame: Frame<'a>, operand: &expression::Operand) -> Node {
        match operand {
            expression::Operand::Field(field) => {
                match self.column(frame, field, kind(field.value_type.type_)) {
                    Some(column) => Node::Absent(column),
                    None => Node::Constant(false),
                }
            }
            operand => Node::IsNull(self.value(frame, operand)),
        }
    }

    /// An operand, read as what it is.
    fn value(&mut self, frame: Frame<'a>, operand: &expression::Operand) -> Operand {
        self.operand(frame, operand, kind(operand.value_type().type_))
    }

    /// An operand, read as that kind.
    fn operand(&mut self, frame: Frame<'a>, operand: &expression::Operand, kind: Kind) -> Operand {
        match operand {
            expression::Operand::Field(field) => self.field(frame, field, kind),
            expression::Operand::Json(json) => match self.column(frame, &json.field, Kind::Json) {
                Some(column) => {
                    Operand::Json { column, path: json.path.iter().map(step).collect(), expected: kind }
                }
                None => Operand::Null,
            },
            expression::Operand::Literal(literal) => Operand::Constant(Constant::new(literal)),
            expression::Operand::User(user) => self::user(user),
            expression::Operand::Now { offset } => Operand::Now(offset * 1_000_000),
            expression::Operand::Today { days } => Operand::Today(*days),
            expression::Operand::Midnight(day) => Operand::Midnight(Box::new(self.value(frame, day))),
            expression::Operand::Call { function: Function::Length, argument } => {
                Operand::Length(Box::new(self.value(frame, argument)))
            }
            expression::Operand::Call { function: Function::Lower | Function::Upper, argument } => {
                self.value(frame, argument);
                Operand::Null
            }
        }
    }

    fn field(&mut self, frame: Frame<'a>, field: &FieldRef, kind: Kind) -> Operand {
        match self.column(frame, field, kind) {
            None => Operand::Null,
            Some(column) if field.value_type.array => Operand::List(column),
            Some(column) => Operand::Column(column),
        }
    }

    /// The column of a field.
    fn column(&mut self, frame: Frame<'a>, field: &FieldRef, kind: Kind) -> Option<Column> {
        let Some(spot) = frame.spot(field.row) else {
            self.leave(format!("there is no row around for `$.{}`", field.field));
            return None;
        };
        let (place, spot) = match field.hops.split_first() {
            None => (Place::Here(field.row), spot),
            Some((first, rest)) => self.way(spot, field.row, first, rest)?,
        };
        let index = self.read(spot, &field.field)?;
        let kind = match kind {
            Kind::Float if spot.table.columns[index].wire == Wire::Float4 => Kind::Single,
            kind => kind,
        };
        Some(Column { place, index, kind })
    }

    /// The index of a column that is read.
    fn read(&mut self, spot: Spot<'_>, name: &str) -> Option<usize> {
        let Some(index) = spot.table.column(name) else {
            self.leave(format!("the catalogue no longer has `{name}`"));
            return None;
        };
        if let Some(need) = spot.need {
            self.needs[need].columns.insert(index);
        }
        Some(index)
    }

    /// The way over relations, and the table that it leads to.
    fn way(
        &mut self,
        from: Spot<'a>,
        row: Row,
        first: &expression::Hop,
        rest: &[expression::Hop],
    ) -> Option<(Place, Spot<'a>)> {
        let index = self.read(from, &first.field)?;
        let start = Column { place: Place::Here(row), index, kind: column_kind(from.table, index) };
        let (other, mut spot) = self.other(&first.target)?;
        let mut hops = vec![Hop { to: other, key: self.read(spot, &first.key)?, next: None }];
        self.joins(&spot, &mut hops);
        for hop in rest {
            let index = self.read(spot, &hop.field)?;
            let kind = column_kind(spot.table, index);
            hops.last_mut()?.next = Some((index, kind));
            let (other, next) = self.other(&hop.target)?;
            spot = next;
            hops.push(Hop { to: other, key: self.read(spot, &hop.key)?, next: None });
            self.joins(&spot, &mut hops);
        }
        Some((Place::Far(Box::new(Way { start, hops: hops.into() })), spot))
    }

    /// Asks for the index that the last hop needs.
    fn joins(&mut self, to: &Spot<'_>, hops: &mut [Hop]) {
        let (Some(hop), Some(need)) = (hops.last(), to.need) else { return };
        self.needs[need].lookups.insert(vec![hop.key]);
    }

    /// Another collection, as the condition sees it.
    fn other(&mut self, collection: &str) -> Option<(Other, Spot<'a>)> {
        let Some(table) = self.snapshot.and_then(|snapshot| snapshot.table(collection)) else {
            self.leave(format!("it asks for rows of `{collection}`"));
            return None;
        };
        let place = self.needs.iter().position(|need| need.collection() == collection);
        let need = place.unwrap_or_else(|| {
            self.needs.push(Need::new(table));
            self.needs.len() - 1
        });
        let spot = Spot { table, need: Some(need) };
        let sight = match (self.trust, &table.rules.view) {
            (Trust::Rule, _) | (Trust::Filter, Rule::Everyone) => Sight::All,
            (Trust::Filter, Rule::Admins | Rule::Broken(_)) => Sight::Admins,
            (Trust::Filter, Rule::When(rule)) => {
                self.classify(rule, table);
                self.trust = Trust::Rule;
                let rule = self.predicate(Frame { this: spot, outer: None, new: spot }, rule);
                self.trust = Trust::Filter;
                Sight::When(Box::new(rule))
            }
        };
        Some((Other { collection: collection.into(), sight }, spot))
    }

    /// The way over one relation, with what is to be known of the rows that it leads to.
    pub(super) fn link(&mut self, table: &'a Table, relation: &Relation<'_>) -> Option<Way> {
        let kind = column_kind(table, relation.here);
        if !is_indexable(kind) {
            self.leave(format!(
                "records of `{}` are not found by a value like that of `{}`",
                relation.target, table.collection.fields[relation.here].name,
            ));
            return None;
        }
        let (to, spot) = self.other(relation.target)?;
        let need = &mut self.needs[spot.need?];
        need.columns.extend(relation.columns);
        need.columns.insert(relation.there);
        need.lookups.insert(vec![relation.there]);
        let start = Column { place: Place::Here(Row::This), index: relation.here, kind };
        Some(Way { start, hops: [Hop { to, key: relation.there, next: None }].into() })
    }

    fn exists(&mut self, frame: Frame<'a>, exists: &expression::Exists) -> Node {
        let Some((of, spot)) = self.other(&exists.collection) else { return Node::Constant(false) };
        let within = Frame { this: spot, outer: Some(frame.this), new: frame.new };
        let condition = Box::new(self.predicate(within, &exists.predicate));
        // What its rows must equal is known before they are looked at.
        let mut known: Vec<(usize, Operand)> = Vec::new();
        for (field, value) in demands(&exists.predicate) {
            let kind = common(field.value_type, value.value_type());
            let Some(index) = spot.table.column(&field.field) else { continue };
            if is_indexable(kind) && kind == column_kind(spot.table, index) {
                known.push((index, self.operand(within, value, kind)));
            }
        }
        known.sort_by_key(|(index, _)| *index);
        known.dedup_by_key(|(index, _)| *index);
        let (columns, values): (Vec<usize>, Vec<Operand>) = known.into_iter().unzip();
        if let (false, Some(need)) = (columns.is_empty(), spot.need) {
            self.needs[need].lookups.insert(columns.clone());
        }
        Node::Exists(Exists { of, columns: columns.into(), values: values.into(), condition })
    }
}

/// As what a column is read by itself.
fn column_kind(table: &Table, column: usize) -> Kind {
    kind(ValueType::of(&table.collection.fields[column]).type_)
}

/// The fields of the row that have to equal something which is known without it, for the condition to hold.
fn demands(predicate: &Predicate) -> Vec<(&FieldRef, &expression::Operand)> {
    use expression::Operand::Field;
    let own = |operand: &&expression::Operand| matches!(operand, Field(field) if field.row == Row::This && field.hops.is_empty() && !field.value_type.array);
    match predicate {
        Predicate::And(parts) => parts.iter().flat_map(demands).collect(),
        Predicate::Compare { op: CompareOp::Eq, left, right } => [(left, right), (right, left)]
            .into_iter()
            .filter(|(field, value)| own(field) && !value.uses_row(Row::This))
            .filter_map(|(field, value)| match field {
                Field(field) => Some((field, value)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
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
