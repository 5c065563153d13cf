//! How much there is to lose: rows of tables, and values of fields.

use std::collections::HashMap;
use std::fmt;

use sqlx::PgConnection;

use super::run;
use crate::collections::catalogue::Identifier;
use crate::problem::Result;

/// From how many rows on Postgres's estimate is taken instead of a count.
const COUNTED: f32 = 100_000.0;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collections) enum Count {
    Exact(i64),
    About(i64),
}

impl Count {
    pub(in crate::collections) fn is_zero(self) -> bool {
        matches!(self, Self::Exact(0))
    }

    /// The number with its noun.
    pub(in crate::collections) fn of(self, noun: &str) -> String {
        let plural = if matches!(self, Self::Exact(1)) { "" } else { "s" };
        format!("{self} {noun}{plural}")
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(0) => f.write_str("no"),
            Self::Exact(count) => write!(f, "{}", grouped(*count)),
            Self::About(count) => write!(f, "about {}", grouped(*count)),
        }
    }
}

fn grouped(count: i64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table to look at.
#[derive(Debug, Clone)]
pub(in crate::collections) struct Subject {
    pub(in crate::collections) collection: String,
    pub(in crate::collections) schema: String,
    pub(in crate::collections) table: String,
    /// The fields whose values are counted.
    pub(in crate::collections) fields: Vec<String>,
}

/// What there is to lose.
#[derive(Debug, Clone, Default)]
pub(in crate::collections) struct Survey {
    pub(in crate::collections) rows: HashMap<String, Count>,
    pub(in crate::collections) values: HashMap<(String, String), Count>,
    /// As `pg_class.relkind` has it.
    pub(in crate::collections) kinds: HashMap<String, String>,
}

impl Survey {
    /// Looks at the tables.
    ///
    /// # Errors
    /// The database does not answer.
    pub(in crate::collections) async fn take(
        transaction: &mut PgConnection,
        subjects: &[Subject],
    ) -> Result<Self> {
        let mut survey = Self::default();
        for subject in subjects {
            survey.look_at(transaction, subject).await?;
        }
        Ok(survey)
    }

    async fn look_at(&mut self, transaction: &mut PgConnection, subject: &Subject) -> Result<()> {
        let known: Option<(String, f32)> = sqlx::query_as(
            "select r.relkind::text,
                    greatest(r.reltuples, (select sum(p.reltuples) from pg_inherits i join pg_class p on p.oid = i.inhrelid
                                            where i.inhparent = r.oid))
               from pg_class r join pg_namespace n on n.oid = r.relnamespace
              where n.nspname = $1 and r.relname = $2",
        )
        .bind(&subject.schema)
        .bind(&subject.table)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some((kind, estimate)) = known else { return Ok(()) };
        let table = Identifier::qualified(&subject.schema, &subject.table);
        let estimated = (estimate >= COUNTED).then_some(estimate as i64);
        let rows = match estimated {
            Some(rows) => Count::About(rows),
            None => {
                let query = format!("select count(*) from {}", table.as_sql());
                Count::Exact(run::count(&mut *transaction, query).await?)
            }
        };
        for field in &subject.fields {
            let values = match estimated {
                Some(rows) => {
                    let empty: Option<f32> = sqlx::query_scalar(
                        "select null_frac from pg_stats where schemaname = $1 and tablename = $2 and attname = $3",
                    )
                    .bind(&subject.schema)
                    .bind(&subject.table)
                    .bind(field)
                    .fetch_optional(&mut *transaction)
                    .await?;
                    Count::About((rows as f64 * f64::from(1.0 - empty.unwrap_or(0.0))) as i64)
                }
                None => {
                    let column = Identifier::quote(field);
                    let query = format!("select count({}) from {}", column.as_sql(), table.as_sql());
                    Count::Exact(run::count(&mut *transaction, query).await?)
                }
            };
            self.values.insert((subject.collection.clone(), field.clone()), values);
        }
        self.rows.insert(subject.collection.clone(), rows);
        self.kinds.insert(subject.collection.clone(), kind);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(Count::Exact(0).of("row"), "no rows");
        assert_eq!(Count::Exact(1).of("row"), "1 row");
        assert_eq!(Count::Exact(1_000).of("row"), "1,000 rows");
        assert_eq!(Count::About(12_345_678).of("row"), "about 12,345,678 rows");
    }
}
