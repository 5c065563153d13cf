//! The SQL executor of the expression language.
//!
//! A rule is trusted and sees every row. A filter comes from a caller: where it follows a relation or looks
//! into another collection it sees only the rows that the caller may view, as if the others were not there.
//! What depends on the caller alone is decided here, so that the database is not asked about it.

use annex_openapi::collections::FieldType;
use annex_openapi::expression::{
    CompareOp, Containment, Exists, FieldRef, Function, JsonRef, JsonStep, Literal, Operand, Predicate, Row,
    UserAttribute, UserRef,
};
use time::OffsetDateTime;

use super::write::default_value;
use super::{Alias, Bind, Sql};
use crate::collections::catalogue::{Column, Filled, Rule, Snapshot, Table, Wire};
use crate::extract::{Caller, Identity};
use crate::records::wire::parse;

/// What a condition may refer to besides its rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The collections.
    pub snapshot: &'a Snapshot,
    /// Who is asking.
    pub caller: &'a Caller,
    /// The instant of the request.
    pub now: OffsetDateTime,
}

/// Whether a condition sees all rows of other collections, or those that the caller may view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// All: it is a rule.
    Rule,
    /// Those that the caller may view: it is the caller's own filter.
    Filter,
}

/// What becomes of a column in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// It stays.
    Unchanged,
    /// It gets the value of that place.
    Place(usize),
    /// It gets its default.
    Default,
}

/// The row that is written: its values stand in the statement already.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// What becomes of each column.
    pub slots: &'a [Slot],
    /// The row as it was, from which the other values come.
    pub base: Alias,
}

/// A row that a condition is about.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A row source of the statement.
    Alias(Alias),
    /// The row as it would be after an update.
    Written(Written<'a>),
}

/// The rows that a condition is about.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The table of `this` and `new`.
    pub table: &'a Table,
    /// The row.
    pub this: Source<'a>,
    /// The row as it would be written.
    pub new: Option<Source<'a>>,
    /// Within `exists`: the row around.
    outer: Option<(&'a Table, Source<'a>)>,
    /// The table of `new`, which stays the same within `exists`.
    written: &'a Table,
}

impl<'a> Rows<'a> {
    /// A condition about one row.
    pub fn of(table: &'a Table, this: Source<'a>) -> Self {
        Self { table, this, new: None, outer: None, written: table }
    }

    /// The same, with the row as it would be written.
    pub fn with_new(self, new: Source<'a>) -> Self {
        Self { new: Some(new), ..self }
    }
}

/// A condition names something that the catalogue does not have: it was checked against another schema.
#[derive(Debug, thiserror::Error)]
#[error("the condition names `{0}`, which the catalogue no longer has")]
pub struct Stale(pub String);

/// What a rule says before the rows are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'a> {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// The rows for which it is true.
    Some(&'a Predicate),
}

impl<'a> Context<'a> {
    /// What a rule says to the caller.
    pub fn verdict(&self, rule: &'a Rule) -> Verdict<'a> {
        if self.caller.is_admin() {
            return Verdict::All;
        }
        match rule {
            Rule::Everyone => Verdict::All,
            Rule::Admins | Rule::Broken(_) => Verdict::Nothing,
            Rule::When(predicate) if self.known(predicate) == Some(Some(true)) => Verdict::All,
            Rule::When(predicate) if self.never_holds(predicate) => Verdict::Nothing,
            Rule::When(predicate) => Verdict::Some(predicate),
        }
    }

    /// Writes a condition.
    ///
    /// # Errors
    /// It was checked against another schema.
    pub fn write(
        &self,
        sql: &mut Sql,
        aliases: &mut usize,
        rows: Rows<'_>,
        trust: Trust,
        predicate: &Predicate,
    ) -> Result<(), Stale> {
        Writer { context: self, sql, aliases, trust }.predicate(rows, predicate)
    }

    /// Whether no row can fulfil the condition, for what is known of the caller.
    fn never_holds(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::And(parts) => parts.iter().any(|part| self.never_holds(part)),
            Predicate::Or(parts) => parts.iter().all(|part| self.never_holds(part)),
            _ => matches!(self.known(predicate), Some(None | Some(false))),
        }
    }

    /// The condition's value where it depends on the caller alone: true, false or (inside) unknown.
    fn known(&self, predicate: &Predicate) -> Option<Option<bool>> {
        let identity = self.caller.identity();
        match predicate {
            Predicate::Constant(value) => Some(Some(*value)),
            Predicate::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.known(part)).collect();
                if parts.contains(&Some(Some(false))) {
                    return Some(Some(false));
                }
                parts.iter().try_fold(Some(true), |all, part| {
                    part.map(|part| all.and_then(|all| part.map(|part| all && part)))
                })
            }
            Predicate::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.known(part)).collect();
                if parts.contains(&Some(Some(true))) {
                    return Some(Some(true));
                }
                parts.iter().try_fold(Some(false), |any, part| {
                    part.map(|part| any.and_then(|any| part.map(|part| any || part)))
                })
            }
            Predicate::Not(inner) => self.known(inner).map(|value| value.map(|value| !value)),
            Predicate::IsNull(Operand::User(user)) => Some(Some(is_null(identity, user))),
            Predicate::Is(Operand::User(user)) if user.attribute == UserAttribute::Verified => {
                Some(identity.map(|identity| identity.verified))
            }
            Predicate::Compare {
                op,
                left: Operand::User(user),
                right: Operand::Literal(Literal::Text(text)),
            } if user.attribute == UserAttribute::Email && matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                Some(identity.map(|identity| (identity.email == *text) == (*op == CompareOp::Eq)))
            }
            Predicate::Contains {
                container: Operand::User(user),
                element: Operand::Literal(Literal::Text(text)),
                kind: Containment::Element,
            } => Some(identity.map(|identity| list(identity, user).iter().any(|item| item == text))),
            Predicate::Compare { left, right, .. } if nobody(identity, left) || nobody(identity, right) => {
                Some(None)
            }
            Predicate::Contains { container, element, .. }
                if nobody(identity, container) || nobody(identity, element) =>
            {
                Some(None)
            }
            Predicate::Is(operand) | Predicate::Like { operand, .. } if nobody(identity, operand) => {
                Some(None)
            }
            Predicate::In { operand, values } if nobody(identity, operand) => {
                Some(if values.is_empty() { Some(false) } else { None })
            }
            _ => None,
        }
    }
}

/// Whether a condition looks at its own row alone: no other row has to be found for it.
pub fn is_row_local(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Constant(_) => true,
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().all(is_row_local),
        Predicate::Not(inner) => is_row_local(inner),
        Predicate::Compare { left, right, .. } => has_no_hops(left) && has_no_hops(right),
        Predicate::Contains { container, element, .. } => has_no_hops(container) && has_no_hops(element),
        Predicate::IsNull(operand) | Predicate::Is(operand) => has_no_hops(operand),
        Predicate::In { operand, .. } | Predicate::Like { operand, .. } => has_no_hops(operand),
        Predicate::Exists(_) => false,
    }
}

fn has_no_hops(operand: &Operand) -> bool {
    match operand {
        Operand::Field(field) => field.hops.is_empty(),
        Operand::Json(json) => json.field.hops.is_empty(),
        Operand::Midnight(inner) => has_no_hops(inner),
        Operand::Call { argument, .. } => has_no_hops(argument),
        Operand::Literal(_) | Operand::User(_) | Operand::Now { .. } | Operand::Today { .. } => true,
    }
}

/// Whether the operand is an attribute that the caller does not have.
fn nobody(identity: Option<&Identity>, operand: &Operand) -> bool {
    matches!(operand, Operand::User(user) if is_null(identity, user))
}

fn is_null(identity: Option<&Identity>, user: &UserRef) -> bool {
    identity.is_none() || matches!(user.attribute, UserAttribute::Claims(_))
}

/// A list attribute of the caller.
fn list<'a>(identity: &'a Identity, user: &UserRef) -> &'a [String] {
    match user.attribute {
        UserAttribute::Roles => &identity.roles,
        _ => &[],
    }
}

struct Writer<'w, 'c> {
    context: &'w Context<'c>,
    sql: &'w mut Sql,
    aliases: &'w mut usize,
    trust: Trust,
}

impl Writer<'_, '_> {
    fn alias(&mut self) -> Alias {
        *self.aliases += 1;
        Alias(*self.aliases)
    }

    fn table(&self, collection: &str) -> Result<std::sync::Arc<Table>, Stale> {
        self.context.snapshot.table(collection).cloned().ok_or_else(|| Stale(collection.to_owned()))
    }

    fn predicate(&mut self, rows: Rows<'_>, predicate: &Predicate) -> Result<(), Stale> {
        match self.context.known(predicate) {
            Some(Some(true)) => return self.known_as("true"),
            Some(Some(false)) => return self.known_as("false"),
            Some(None) => return self.known_as("null::bool"),
            None => {}
        }
        match predicate {
            Predicate::Constant(_) => Ok(()),
            Predicate::And(parts) => self.junction(rows, parts, true),
            Predicate::Or(parts) => self.junction(rows, parts, false),
            Predicate::Not(inner) => {
                self.sql.push("not (");
                self.predicate(rows, inner)?;
                self.close()
            }
            Predicate::Compare { op, left, right } => self.compare(rows, *op, left, right),
            Predicate::IsNull(operand) => {
                self.operand(rows, operand, None)?;
                self.sql.push(" is null");
                Ok(())
            }
            Predicate::In { operand, values } => self.in_list(rows, operand, values),
            Predicate::Like { operand, pattern, case_insensitive } => {
                self.as_text(rows, operand)?;
                self.sql.push(if *case_insensitive { " ilike " } else { " like " });
                self.sql.bind(Bind::text(pattern), "text");
                Ok(())
            }
            Predicate::Contains { container, element, kind } => {
                self.contains(rows, container, element, *kind)
            }
            Predicate::Is(operand) => self.operand(rows, operand, None),
            Predicate::Exists(exists) => self.exists(rows, exists),
        }
    }

    fn known_as(&mut self, text: &'static str) -> Result<(), Stale> {
        self.sql.push(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stale> {
        self.sql.push(")");
        Ok(())
    }

    /// Parts that are known not to matter are left out.
    fn junction(&mut self, rows: Rows<'_>, parts: &[Predicate], all: bool) -> Result<(), Stale> {
        let neutral = Some(Some(all));
        let parts: Vec<_> = parts.iter().filter(|part| self.context.known(part) != neutral).collect();
        self.sql.push("(");
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                self.sql.push(if all { " and " } else { " or " });
            }
            self.predicate(rows, part)?;
        }
        self.close()
    }

    fn compare(
        &mut self,
        rows: Rows<'_>,
        op: CompareOp,
        left: &Operand,
        right: &Operand,
    ) -> Result<(), Stale> {
        let types = (left.value_type().type_, right.value_type().type_);
        let mixed = types.0 != types.1 && (types.0 == FieldType::Enum || types.1 == FieldType::Enum);
        let fields = matches!(left, Operand::Field(_)) && matches!(right, Operand::Field(_));
        // Enums of different columns are different types to Postgres.
        let texts = mixed
            || (fields
                && types.0 == FieldType::Enum
                && self.column_of(left)?.map(|c| c.type_) != self.column_of(right)?.map(|c| c.type_));
        if texts {
            self.as_text(rows, left)?;
        } else {
            let meets = self.column_of(right)?;
            self.operand(rows, left, meets.as_ref())?;
        }
        self.sql.push(match op {
            CompareOp::Eq => " = ",
            CompareOp::Ne => " <> ",
            CompareOp::Lt => " < ",
            CompareOp::Le => " <= ",
            CompareOp::Gt => " > ",
            CompareOp::Ge => " >= ",
        });
        if texts {
            return self.as_text(rows, right);
        }
        let meets = self.column_of(left)?;
        self.operand(rows, right, meets.as_ref())
    }

    /// The column that an operand is, where it is one: a literal that meets it takes its type.
    fn column_of(&self, operand: &Operand) -> Result<Option<Column>, Stale> {
        let Operand::Field(field) = operand else { return Ok(None) };
        let table = self.table(&field.collection)?;
        column(&table, &field.field).cloned().map(Some)
    }

    fn in_list(&mut self, rows: Rows<'_>, operand: &Operand, values: &[Literal]) -> Result<(), Stale> {
        if values.is_empty() {
            self.sql.push("false");
            return Ok(());
        }
        let texts: Vec<String> = values.iter().map(literal_text).collect();
        let bind = Bind(Some(parse::array(texts.iter().map(|text| Some(text.as_str())))));
        self.operand(rows, operand, None)?;
        self.sql.push(" = any(");
        match self.column_of(operand)? {
            Some(column) if takes_type_of(&column, values[0].type_()) => drop(self.sql.list(&column, bind)),
            _ => drop(self.sql.bind(bind, list_type(values[0].type_()))),
        }
        self.close()
    }

    fn contains(
        &mut self,
        rows: Rows<'_>,
        container: &Operand,
        element: &Operand,
        kind: Containment,
    ) -> Result<(), Stale> {
        match kind {
            Containment::Substring => {
                self.sql.push("strpos(");
                self.as_text(rows, container)?;
                self.sql.push(", ");
                self.as_text(rows, element)?;
                self.sql.push(") > 0");
                Ok(())
            }
            Containment::Json => {
                self.sql.push("case when jsonb_typeof(");
                self.operand(rows, container, None)?;
                self.sql.push(") = 'array' then ");
                self.operand(rows, container, None)?;
                self.sql.push(" @> to_jsonb(");
                self.operand(rows, element, None)?;
                self.sql.push(") end");
                Ok(())
            }
            Containment::Element => match container {
                Operand::User(user) => self.caller_contains(rows, user, element),
                _ => {
                    // `@>` passes over elements that are null, and a GIN index knows it.
                    let column = self.column_of(container)?.ok_or_else(|| Stale("an array".to_owned()))?;
                    // A literal is never null; without the case an index answers.
                    let may_be_null = !matches!(element, Operand::Literal(_));
                    if may_be_null {
                        self.sql.push("case when ");
                        self.operand(rows, element, Some(&column))?;
                        self.sql.push(" is not null then ");
                    }
                    // The cast takes a domain off; where there is none it is no cast at all.
                    self.operand(rows, container, None)?;
                    self.array_of(&column);
                    self.sql.push(" @> array[");
                    self.operand(rows, element, Some(&column))?;
                    self.sql.push("]");
                    self.array_of(&column);
                    if may_be_null {
                        self.sql.push(" end");
                    }
                    Ok(())
                }
            },
        }
    }

    /// Casts to an array of what a column's elements are read as.
    fn array_of(&mut self, column: &Column) {
        self.sql.push("::");
        match column.wire {
            Wire::Other => self.sql.push("text"),
            _ => self.sql.fragment(&column.type_),
        };
        self.sql.push("[]");
    }

    /// `field in @user.roles`, in a form that an index on the field answers.
    fn caller_contains(&mut self, rows: Rows<'_>, user: &UserRef, element: &Operand) -> Result<(), Stale> {
        let items = self.context.caller.identity().map_or(&[][..], |identity| list(identity, user));
        if items.is_empty() {
            self.sql.push("case when ");
            self.operand(rows, element, None)?;
            self.sql.push(" is not null then false end");
            return Ok(());
        }
        let bind = Bind(Some(parse::array(items.iter().map(|item| Some(item.as_str())))));
        if user.value_type.type_ == FieldType::Uuid {
            self.operand(rows, element, None)?;
            self.sql.push(" = any(").bind(bind, "uuid[]");
        } else {
            self.as_text(rows, element)?;
            self.sql.push(" = any(").bind(bind, "text[]");
        }
        self.close()
    }

    fn exists(&mut self, rows: Rows<'_>, exists: &Exists) -> Result<(), Stale> {
        let table = self.table(&exists.collection)?;
        let alias = self.alias();
        self.sql.push("exists (select from ").name(&table.name).push(" ").alias(alias).push(" where ");
        self.visible(&table, alias)?;
        let inner = Rows {
            table: &table,
            this: Source::Alias(alias),
            new: rows.new,
            outer: Some((rows.table, rows.this)),
            written: rows.written,
        };
        self.predicate(inner, &exists.predicate)?;
        self.close()
    }

    /// In a filter: that the caller may view the row, with an `and` behind it.
    fn visible(&mut self, table: &Table, alias: Alias) -> Result<(), Stale> {
        if self.trust == Trust::Rule {
            return Ok(());
        }
        match self.context.verdict(&table.rules.view) {
            Verdict::All => {}
            Verdict::Nothing => drop(self.sql.push("false and ")),
            Verdict::Some(rule) => {
                self.sql.push("(");
                self.context.write(
                    self.sql,
                    self.aliases,
                    Rows::of(table, Source::Alias(alias)),
                    Trust::Rule,
                    rule,
                )?;
                self.sql.push(") and ");
            }
        }
        Ok(())
    }

    /// A value. A literal takes the type of the column that it `meets`.
    fn operand(&mut self, rows: Rows<'_>, operand: &Operand, meets: Option<&Column>) -> Result<(), Stale> {
        match operand {
            Operand::Field(field) => self.field(rows, field),
            Operand::Json(json) => self.json(rows, json),
            Operand::Literal(literal) => {
                let bind = Bind::text(literal_text(literal));
                match meets.filter(|column| takes_type_of(column, literal.type_())) {
                    Some(column) => self.sql.element(column, bind),
                    None => self.sql.bind(bind, type_name(literal.type_())),
                };
                Ok(())
            }
            Operand::User(user) => {
                self.user(user);
                Ok(())
            }
            Operand::Now { offset } => {
                let text =
                    literal_text(&Literal::Timestamp(self.context.now + time::Duration::seconds(*offset)));
                match meets.filter(|column| takes_type_of(column, FieldType::Timestamp)) {
                    Some(column) => self.sql.element(column, Bind::text(text)),
                    None => self.sql.bind(Bind::text(text), "timestamptz"),
                };
                Ok(())
            }
            Operand::Today { days } => {
                let day = self.context.now.date() + time::Duration::days(*days);
                self.sql.bind(Bind::text(literal_text(&Literal::Date(day))), "date");
                Ok(())
            }
            Operand::Midnight(day) => {
                self.sql.push("(");
                self.operand(rows, day, None)?;
                self.sql.push("::timestamp at time zone 'UTC')");
                Ok(())
            }
            Operand::Call { function, argument } => self.call(rows, *function, argument),
        }
    }

    fn call(&mut self, rows: Rows<'_>, function: Function, argument: &Operand) -> Result<(), Stale> {
        let type_ = argument.value_type();
        match function {
            Function::Length if type_.array => {
                self.sql.push("cardinality(");
                self.operand(rows, argument, None)?;
            }
            Function::Length if type_.type_ == FieldType::Json => {
                self.sql.push("(case when jsonb_typeof(");
                self.operand(rows, argument, None)?;
                self.sql.push(") = 'array' then jsonb_array_length(");
                self.operand(rows, argument, None)?;
                self.sql.push(") end");
            }
            _ => {
                self.sql.push(match function {
                    Function::Length => "char_length(",
                    Function::Lower => "lower(",
                    Function::Upper => "upper(",
                });
                self.as_text(rows, argument)?;
            }
        }
        self.close()
    }

    /// An operand as text, whatever kind of text it is.
    fn as_text(&mut self, rows: Rows<'_>, operand: &Operand) -> Result<(), Stale> {
        self.operand(rows, operand, None)?;
        if matches!(operand, Operand::Field(_)) {
            self.sql.push("::text");
        }
        Ok(())
    }

    fn field(&mut self, rows: Rows<'_>, field: &FieldRef) -> Result<(), Stale> {
        let (table, source) = match field.row {
            Row::This => (rows.table, rows.this),
            Row::New => (rows.written, rows.new.ok_or_else(|| Stale("@new".to_owned()))?),
            Row::Outer => rows.outer.ok_or_else(|| Stale("$".to_owned()))?,
        };
        let Some((first, rest)) = field.hops.split_first() else {
            return self.source_column(table, source, &field.field);
        };
        // One sub-select that follows the relations; no row on the way makes it null.
        let mut target = self.table(&first.target)?;
        let mut alias = self.alias();
        let mut joins = vec![(std::sync::Arc::clone(&target), alias)];
        let mut conditions = Vec::new();
        for hop in rest {
            let next = self.table(&hop.target)?;
            let next_alias = self.alias();
            conditions.push((
                (alias, column(&target, &hop.field)?.clone()),
                (next_alias, column(&next, &hop.key)?.clone()),
            ));
            joins.push((std::sync::Arc::clone(&next), next_alias));
            (target, alias) = (next, next_alias);
        }
        self.sql.push("(select ");
        self.readable(alias, column(&target, &field.field)?);
        self.sql.push(" from ");
        for (index, (table, alias)) in joins.iter().enumerate() {
            if index > 0 {
                self.sql.push(", ");
            }
            self.sql.name(&table.name).push(" ").alias(*alias);
        }
        self.sql.push(" where ");
        for (table, alias) in &joins {
            self.visible(table, *alias)?;
        }
        for ((from, relation), (to, key)) in &conditions {
            self.sql.column(*to, key).push(" = ").column(*from, relation).push(" and ");
        }
        let (first_table, first_alias) = &joins[0];
        self.sql.column(*first_alias, column(first_table, &first.key)?).push(" = ");
        self.source_column(table, source, &first.field)?;
        self.close()
    }

    /// A column in the form in which conditions use it.
    fn readable(&mut self, alias: Alias, column: &Column) {
        self.sql.column(alias, column).push(as_condition(column));
    }

    fn source_column(&mut self, table: &Table, source: Source<'_>, field: &str) -> Result<(), Stale> {
        let index = table.column(field).ok_or_else(|| Stale(field.to_owned()))?;
        let column = &table.columns[index];
        match source {
            Source::Alias(alias) => self.readable(alias, column),
            Source::Written(written) => match (written.slots[index], &column.filled) {
                (_, Filled::Generated(expression)) => {
                    self.sql.push("(select ").fragment(expression).push(" from (select ");
                    self.written_row(table, written);
                    self.sql.push(") written)").push(as_condition(column));
                }
                (Slot::Unchanged, _) => self.readable(written.base, column),
                (slot, _) => {
                    self.sql.push("(");
                    written_value(self.sql, column, slot, written.base).push(")").push(as_condition(column));
                }
            },
        }
        Ok(())
    }

    /// The columns of the row as it would be written, each under its own name, for an expression over them.
    fn written_row(&mut self, table: &Table, written: Written<'_>) {
        let plain = table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !matches!(column.filled, Filled::Generated(_)));
        self.sql.separated(", ", plain, |sql, (index, column)| {
            written_value(sql, column, written.slots[index], written.base).push(" as ").name(&column.name);
        });
    }

    /// Something within JSON, as the type that is expected of it.
    fn json(&mut self, rows: Rows<'_>, json: &JsonRef) -> Result<(), Stale> {
        let (kind, end) = match json.type_ {
            FieldType::Text => ("'string' then ", " #>> '{}' end)"),
            FieldType::Numeric => ("'number' then ", "::numeric end)"),
            FieldType::Bool => ("'boolean' then ", "::bool end)"),
            _ => {
                self.sql.push("nullif(");
                self.json_at(rows, json)?;
                self.sql.push(", 'null'::jsonb)");
                return Ok(());
            }
        };
        self.sql.push("(case jsonb_typeof(");
        self.json_at(rows, json)?;
        self.sql.push(") when ").push(kind);
        self.json_at(rows, json)?;
        self.sql.push(end);
        Ok(())
    }

    fn json_at(&mut self, rows: Rows<'_>, json: &JsonRef) -> Result<(), Stale> {
        // `->` takes a scalar for a list of one; strict JSON path does not.
        let indexes = json.path.iter().filter(|step| matches!(step, JsonStep::Index(_))).count();
        self.sql.push("(");
        for _ in 0..indexes {
            self.sql.push("jsonb_path_query_first(");
        }
        self.field(rows, &json.field)?;
        for step in &json.path {
            match step {
                JsonStep::Key(key) => self.sql.push(" -> ").bind(Bind::text(key), "text"),
                JsonStep::Index(index) => {
                    let path = format!("strict $[{index}]");
                    self.sql.push(", ").bind(Bind::text(path), "jsonpath").push(", '{}', true)")
                }
            };
        }
        self.close()
    }

    fn user(&mut self, user: &UserRef) {
        let identity = self.context.caller.identity();
        let text = identity.and_then(|identity| match &user.attribute {
            UserAttribute::Id => Some(identity.user_id.to_string()),
            UserAttribute::Email => Some(identity.email.clone()),
            UserAttribute::Verified => Some(identity.verified.to_string()),
            UserAttribute::Roles | UserAttribute::Orgs => {
                Some(parse::array(list(identity, user).iter().map(|item| Some(item.as_str()))))
            }
            UserAttribute::Claims(_) => None,
        });
        let type_ = if user.value_type.array {
            list_type(user.value_type.type_)
        } else {
            type_name(user.value_type.type_)
        };
        self.sql.bind(Bind(text), type_);
    }
}

/// The cast after a column's own value that brings it into the form in which conditions use it.
fn as_condition(column: &Column) -> &'static str {
    match (column.wire, column.array) {
        (Wire::Other, false) => "::text",
        (Wire::Other, true) => "::text[]",
        (Wire::Json, false) => "::jsonb",
        (Wire::Json, true) => "::jsonb[]",
        _ => "",
    }
}

/// A column's value in the row as it would be written.
fn written_value<'s>(sql: &'s mut Sql, column: &Column, slot: Slot, base: Alias) -> &'s mut Sql {
    match slot {
        Slot::Unchanged => sql.column(base, column),
        Slot::Place(place) => sql.value_at(column, place),
        Slot::Default => default_value(sql, column),
    }
}

fn column<'t>(table: &'t Table, field: &str) -> Result<&'t Column, Stale> {
    table.column(field).map(|index| &table.columns[index]).ok_or_else(|| Stale(field.to_owned()))
}

/// Whether a literal of that type can be given as the column's own type without a change of meaning, so that an index on the
/// column answers.
fn takes_type_of(column: &Column, literal: FieldType) -> bool {
    match literal {
        FieldType::Text | FieldType::Enum => column.wire == Wire::Text,
        FieldType::Timestamp => matches!(column.wire, Wire::Timestamp | Wire::Timestamptz),
        _ => false,
    }
}

fn type_name(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Bool => "bool",
        FieldType::Int => "int4",
        FieldType::Bigint => "int8",
        FieldType::Float => "float8",
        FieldType::Numeric => "numeric",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamptz",
        FieldType::Uuid | FieldType::File | FieldType::Files => "uuid",
        FieldType::Json => "jsonb",
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum | FieldType::Relation => "text",
    }
}

fn list_type(type_: FieldType) -> &'static str {
    match type_name(type_) {
        "bool" => "bool[]",
        "int4" => "int4[]",
        "int8" => "int8[]",
        "float8" => "float8[]",
        "numeric" => "numeric[]",
        "date" => "date[]",
        "timestamptz" => "timestamptz[]",
        "uuid" => "uuid[]",
        "jsonb" => "jsonb[]",
        _ => "text[]",
    }
}

/// The text that Postgres reads as the literal.
fn literal_text(literal: &Literal) -> String {
    use time::macros::format_description;
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Bigint(value) => value.to_string(),
        Literal::Float(value) => ryu::Buffer::new().format(*value).to_owned(),
        Literal::Numeric(value) => value.to_string(),
        Literal::Text(value) | Literal::Enum(value) => value.clone(),
        Literal::Uuid(value) => value.to_string(),
        Literal::Date(value) => value
            .format(format_description!("[year padding:zero]-[month]-[day]"))
            .expect("a date of four digits can be written"),
        Literal::Timestamp(value) => value
            .format(format_description!(
                "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]Z"
            ))
            .expect("an instant can be written"),
    }
}
