//! SQL over the tables of users: the one place that writes it.
//!
//! A statement is built from three things alone: text that stands in this program, names and fragments that the catalogue
//! read from Postgres, and binds. The builders are pure: what they make is in snapshots.

pub mod matching;
pub mod predicate;
pub mod probe;
pub mod select;
pub mod staging;
pub mod staging_check;
pub mod write;

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};

use crate::collections::catalogue::{Column, Fragment, Identifier, Wire};

/// A value that a statement is given: text that Postgres reads as the type that the statement casts it to, or null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind(pub Option<String>);

impl Bind {
    /// That text.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Some(text.into()))
    }
}

impl ToSql for Bind {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        type_: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(type_, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

/// A statement and what it is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sql {
    /// The text, with `$1`, `$2`, ….
    pub text: String,
    /// What the places stand for.
    pub binds: Vec<Bind>,
    /// How the first columns of its rows travel, and whether they are arrays.
    pub result: Vec<(Wire, bool)>,
}

impl Sql {
    /// Whether rows of those columns are read as they are sent. They are not where the schema changed after the catalogue
    /// was read: a value would be taken for one of another type.
    pub fn fits(&self, columns: &[tokio_postgres::Column]) -> bool {
        self.result.iter().zip(columns).all(|(&(wire, array), column)| match column.type_().kind() {
            Kind::Array(element) => array && wire.reads(element),
            _ => !array && wire.reads(column.type_()),
        })
    }
}

impl Wire {
    /// Whether values of that type travel like this.
    fn reads(self, type_: &Type) -> bool {
        // The elements of an array are sent under the name of their domain.
        if let Kind::Domain(base) = type_.kind() {
            return self.reads(base);
        }
        match *type_ {
            Type::BOOL => self == Self::Bool,
            Type::INT2 => self == Self::Int2,
            Type::INT4 => self == Self::Int4,
            Type::INT8 => self == Self::Int8,
            Type::FLOAT4 => self == Self::Float4,
            Type::FLOAT8 => self == Self::Float8,
            Type::NUMERIC => self == Self::Numeric,
            Type::JSON => self == Self::Json,
            Type::JSONB => self == Self::Jsonb,
            Type::UUID => self == Self::Uuid,
            Type::DATE => self == Self::Date,
            Type::TIMESTAMP => self == Self::Timestamp,
            Type::TIMESTAMPTZ => self == Self::Timestamptz,
            _ => matches!(self, Self::Text | Self::Other),
        }
    }
}

/// A row source within a statement: `t0`, `t1`, ….
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias(pub usize);

impl Alias {
    /// The row that the statement is about.
    pub const ROOT: Self = Self(0);
}

impl Sql {
    /// An empty statement.
    pub fn new() -> Self {
        Self { text: String::with_capacity(256), binds: Vec::new(), result: Vec::new() }
    }

    /// Text of this program.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A name of the catalogue.
    pub fn name(&mut self, name: &Identifier) -> &mut Self {
        self.text.push_str(name.as_sql());
        self
    }

    /// A fragment of the catalogue.
    pub fn fragment(&mut self, fragment: &Fragment) -> &mut Self {
        self.text.push_str(fragment.as_sql());
        self
    }

    /// An alias.
    pub fn alias(&mut self, alias: Alias) -> &mut Self {
        self.text.push('t');
        self.number(alias.0)
    }

    /// A column of a row source.
    pub fn column(&mut self, alias: Alias, column: &Column) -> &mut Self {
        self.alias(alias).push(".").name(&column.name)
    }

    /// A column of a row source in the form in which it is read.
    pub fn read(&mut self, alias: Alias, column: &Column) -> &mut Self {
        self.column(alias, column);
        match (column.wire, column.array) {
            (Wire::Other, false) => self.push("::text"),
            (Wire::Other, true) => self.push("::text[]"),
            _ => self,
        }
    }

    /// A value, as the type of a column.
    pub fn value(&mut self, column: &Column, bind: Bind) -> &mut Self {
        self.binds.push(bind);
        self.value_at(column, self.binds.len())
    }

    /// The value of an earlier place, as the type of a column.
    pub fn value_at(&mut self, column: &Column, place: usize) -> &mut Self {
        if column.array { self.list_at(column, place) } else { self.scalar_at(column, place) }
    }

    /// A value, as the type of one element of a column.
    pub fn element(&mut self, column: &Column, bind: Bind) -> &mut Self {
        self.binds.push(bind);
        self.scalar_at(column, self.binds.len())
    }

    /// A list of values (or of elements) of a column.
    pub fn list(&mut self, column: &Column, bind: Bind) -> &mut Self {
        self.binds.push(bind);
        self.list_at(column, self.binds.len())
    }

    fn scalar_at(&mut self, column: &Column, place: usize) -> &mut Self {
        self.scalar_of(column, |sql| {
            sql.place(place);
        })
    }

    fn list_at(&mut self, column: &Column, place: usize) -> &mut Self {
        self.list_of(column, |sql| {
            sql.place(place);
        })
    }

    /// Text that `operand` writes, as the type of a column.
    pub fn cast(&mut self, column: &Column, operand: impl FnOnce(&mut Self)) -> &mut Self {
        if column.array { self.list_of(column, operand) } else { self.scalar_of(column, operand) }
    }

    fn scalar_of(&mut self, column: &Column, operand: impl FnOnce(&mut Self)) -> &mut Self {
        if column.wire == Wire::Timestamp {
            // A zone in the text would be passed over in silence otherwise.
            self.push("(");
            operand(self);
            return self.push("::timestamptz at time zone 'UTC')");
        }
        operand(self);
        self.push("::").fragment(&column.type_)
    }

    fn list_of(&mut self, column: &Column, operand: impl FnOnce(&mut Self)) -> &mut Self {
        operand(self);
        match column.wire {
            Wire::Timestamp => self.push("::timestamptz[]::timestamp[]"),
            _ => self.push("::").fragment(&column.type_).push("[]"),
        }
    }

    /// A value, as a type that this program names.
    pub fn bind(&mut self, bind: Bind, type_: &'static str) -> &mut Self {
        self.binds.push(bind);
        self.place(self.binds.len()).push("::").push(type_)
    }

    /// A number that this program made.
    pub fn number(&mut self, number: usize) -> &mut Self {
        self.text.push_str(itoa::Buffer::new().format(number));
        self
    }

    fn place(&mut self, place: usize) -> &mut Self {
        self.push("$").number(place)
    }

    /// Writes each of `items` with `write`, and `between` between them.
    pub fn separated<T>(
        &mut self,
        between: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(between);
            }
            write(self, item);
        }
        self
    }
}
