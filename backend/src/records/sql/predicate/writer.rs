//! Conditions, written as SQL.

use std::sync::Arc;

use annex_openapi::collections::FieldType;
use annex_openapi::expression::{CompareOp, Containment, Exists, Literal, Operand, Predicate, UserRef};

use super::field::column;
use super::literal::{list_type, literal_text, takes_type_of};
use super::verdict::list;
use super::{Context, Rows, Source, Stale, Trust, Verdict};
use crate::collections::catalogue::{Column, Table, Wire};
use crate::records::sql::{Alias, Bind, Sql};
use crate::records::wire::parse;

fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => " = ",
        CompareOp::Ne => " <> ",
        CompareOp::Lt => " < ",
        CompareOp::Le => " <= ",
        CompareOp::Gt => " > ",
        CompareOp::Ge => " >= ",
    }
}

/// Writes one condition into a statement.
pub(super) struct Writer<'w, 'c> {
    pub(super) context: &'w Context<'c>,
    pub(super) sql: &'w mut Sql,
    pub(super) aliases: &'w mut usize,
    pub(super) trust: Trust,
}

impl Writer<'_, '_> {
    pub(super) fn alias(&mut self) -> Alias {
        *self.aliases += 1;
        Alias(*self.aliases)
    }

    pub(super) fn table(&self, collection: &str) -> Result<Arc<Table>, Stale> {
        self.context.snapshot.table(collection).cloned().ok_or_else(|| Stale(collection.to_owned()))
    }

    pub(super) fn predicate(&mut self, rows: Rows<'_>, predicate: &Predicate) -> Result<(), Stale> {
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

    pub(super) fn close(&mut self) -> Result<(), Stale> {
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
        if left.value_type().array {
            return self.compare_lists(rows, op, left, right);
        }
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
            self.sql.push(sign(op));
            return self.as_text(rows, right);
        }
        let floats = types.0 == FieldType::Float || types.1 == FieldType::Float;
        self.side(rows, left, right, floats)?;
        self.sql.push(sign(op));
        self.side(rows, right, left, floats)
    }

    /// One side of a comparison. Where they compare as floats, a decimal becomes one.
    fn side(
        &mut self,
        rows: Rows<'_>,
        operand: &Operand,
        other: &Operand,
        floats: bool,
    ) -> Result<(), Stale> {
        if floats && operand.value_type().type_ == FieldType::Numeric {
            return self.as_float(rows, operand);
        }
        let meets = self.column_of(other)?;
        self.operand(rows, operand, meets.as_ref())
    }

    /// Arrays, as such of one type: Postgres tells those of a domain, or of another text type, apart.
    fn compare_lists(
        &mut self,
        rows: Rows<'_>,
        op: CompareOp,
        left: &Operand,
        right: &Operand,
    ) -> Result<(), Stale> {
        let columns = (self.column_of(left)?, self.column_of(right)?);
        let same = matches!(&columns, (Some(a), Some(b)) if a.type_ == b.type_);
        for (operand, column, sign) in [(left, columns.0, ""), (right, columns.1, sign(op))] {
            self.sql.push(sign);
            self.operand(rows, operand, None)?;
            match column {
                Some(column) if same => self.array_of(&column),
                _ => drop(self.sql.push("::").push(list_type(operand.value_type().type_))),
            }
        }
        Ok(())
    }

    /// The column that an operand is, where it is one: a literal that meets it takes its type.
    pub(super) fn column_of(&self, operand: &Operand) -> Result<Option<Column>, Stale> {
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
                // What is not a finite number becomes a text.
                if matches!(element.value_type().type_, FieldType::Float | FieldType::Numeric)
                    && !matches!(element, Operand::Literal(_))
                {
                    self.sql.push(") and jsonb_typeof(to_jsonb(");
                    self.operand(rows, element, None)?;
                    self.sql.push(")) = 'number' end");
                    return Ok(());
                }
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
                    // Not every text is one of an enum.
                    let texts = match self.column_of(element)? {
                        Some(other) => column.wire == Wire::Text && column.type_ != other.type_,
                        None => may_be_null && column.wire == Wire::Text,
                    };
                    // The cast takes a domain off; where there is none it is no cast at all.
                    let cast = |writer: &mut Self| match texts {
                        true => drop(writer.sql.push("::text[]")),
                        false => writer.array_of(&column),
                    };
                    self.operand(rows, container, None)?;
                    cast(self);
                    self.sql.push(" @> array[");
                    self.operand(rows, element, Some(&column))?;
                    self.sql.push("]");
                    cast(self);
                    if may_be_null {
                        self.sql.push(" end");
                    }
                    Ok(())
                }
            },
        }
    }

    /// Casts to an array of what a column's elements are read as, and wide enough for whatever they meet.
    fn array_of(&mut self, column: &Column) {
        self.sql.push("::");
        match column.wire {
            Wire::Other => self.sql.push("text"),
            Wire::Int2 => self.sql.push("int4"),
            Wire::Float4 => self.sql.push("float8"),
            Wire::Json => self.sql.push("jsonb"),
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
    pub(super) fn visible(&mut self, table: &Table, alias: Alias) -> Result<(), Stale> {
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
}
