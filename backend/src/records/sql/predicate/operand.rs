//! The values that a condition compares: literals, the caller's attributes, functions, what is within JSON.

use annex_openapi::collections::FieldType;
use annex_openapi::expression::{Function, JsonRef, JsonStep, Literal, Operand, UserAttribute, UserRef};

use super::literal::{list_type, literal_text, takes_type_of, type_name};
use super::verdict::list;
use super::writer::Writer;
use super::{Rows, Stale};
use crate::collections::catalogue::Column;
use crate::records::sql::Bind;
use crate::records::wire::parse;

/// Halfway from the greatest float to what would be the next one, 2^1024 - 2^970; and half of the least one, 2^-1075, but for digits behind the 40th.
const BEYOND_FLOATS: &str = "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
const BELOW_FLOATS: &str = "2.4703282292062327208828439643411068618253e-324";

impl Writer<'_, '_> {
    /// A value. A literal takes the type of the column that it `meets`.
    pub(super) fn operand(
        &mut self,
        rows: Rows<'_>,
        operand: &Operand,
        meets: Option<&Column>,
    ) -> Result<(), Stale> {
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
                // Days go further than instants do.
                self.sql.push("(case when ");
                self.operand(rows, day, None)?;
                self.sql.push(" > '294276-12-31' then 'infinity' else ");
                self.operand(rows, day, None)?;
                self.sql.push("::timestamp end at time zone 'UTC')");
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
    pub(super) fn as_text(&mut self, rows: Rows<'_>, operand: &Operand) -> Result<(), Stale> {
        self.operand(rows, operand, None)?;
        if matches!(operand, Operand::Field(_)) {
            self.sql.push("::text");
        }
        Ok(())
    }

    /// A decimal as the nearest float: infinity beyond all of them, and zero where it is nearest. (A cast fails there.)
    pub(super) fn as_float(&mut self, rows: Rows<'_>, operand: &Operand) -> Result<(), Stale> {
        self.sql
            .push("(select case when abs(n) >= ")
            .push(BEYOND_FLOATS)
            .push(" and abs(n) < 'Infinity' then sign(n)::float8 * 'Infinity' when abs(n) < ")
            .push(BELOW_FLOATS)
            .push(" then 0 else n::float8 end from (select ");
        self.operand(rows, operand, None)?;
        self.sql.push("::numeric as n) value)");
        Ok(())
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
