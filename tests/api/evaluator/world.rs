//! A few tables with all types of columns, rows in them, and accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use annex::collections::catalogue::{Snapshot, Table};
use annex::evaluator::{Image, Mirror, Mirrors, Need};
use annex_openapi::expression::{Purpose, RuleKind, Scope, check, parse};
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Row};

use super::expressions::Author;
use super::random::Random;
use super::values;

/// How many rows a table has.
pub const ROWS: usize = 24;

/// The types that columns may have, some of which the database alone compares.
const TYPES: [&str; 25] = [
    "text",
    "text",
    "varchar(20)",
    "annex.email",
    "annex.url",
    "mood",
    "mood",
    "colour",
    "bool",
    "int2",
    "int4",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "numeric(10,2)",
    "uuid",
    "uuid",
    "annex.file",
    "date",
    "timestamptz",
    "timestamp",
    "jsonb",
    "jsonb",
];

/// Those are left to it.
const ODD_TYPES: [&str; 7] = ["citext", "char(5)", "text collate loose", "name", "json", "inet", "interval"];

/// Types and collations that the columns need.
pub const PRELUDE: &str = "
    create extension if not exists citext;
    create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create type mood as enum ('happy', 'sad', 'a b', 'ü''\"');
    create type colour as enum ('red', 'happy', 'blue');
    insert into annex.users (id, email, display_name, verified, roles, created_at, updated_at) values
        ('0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e00', 'ada@example.com', 'Ada', true, '{editor}', '2026-01-31', now()),
        ('0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e01', 'bob@example.com', null, false, '{}', '2026-11-22 12:00+00', now());";

/// Tables that point at one another.
pub struct World {
    pub snapshot: Snapshot,
    /// The collections that were made.
    pub collections: Vec<Arc<Table>>,
    /// The rows of every collection, also of `users`, in their order.
    pub images: BTreeMap<String, Vec<Image>>,
}

struct Column {
    name: String,
    type_: String,
    array: bool,
}

impl World {
    /// Makes one under names that start with `prefix`.
    pub async fn make(
        random: &mut Random,
        prefix: &str,
        pool: &PgPool,
        connection: &mut PgConnection,
    ) -> Self {
        let names = ["items", "boxes", "links"].map(|name| format!("{prefix}_{name}"));
        for name in &names {
            make_table(random, name, connection).await;
        }
        relate(random, &names, connection).await;
        let snapshot = Snapshot::read(pool).await.unwrap();
        guard(random, &names, &snapshot, connection).await;
        let snapshot = Snapshot::read(pool).await.unwrap();
        let collections: Vec<Arc<Table>> =
            names.iter().map(|name| Arc::clone(&snapshot.tables[name])).collect();
        let mut images = BTreeMap::new();
        for name in names.iter().map(String::as_str).chain(["users"]) {
            images.insert(name.to_owned(), read(&snapshot.tables[name], connection).await);
        }
        Self { snapshot, collections, images }
    }
}

impl World {
    /// Mirrors of all that is needed: of rows that were others before, and have changed since.
    pub fn mirror(&self, needs: &[Need], mirrors: &mut Mirrors, random: &mut Random) {
        if mirrors.cover(needs) {
            return;
        }
        for need in needs {
            let mut need = need.clone();
            if let Some(mirror) = mirrors.get(need.collection()) {
                need.add(mirror.need());
            }
            let rows = &self.images[need.collection()];
            let key = need.table.key.clone();
            let mut mirror = Mirror::new(need);
            // Each row begins as another one of its key, and then becomes what it is; some were away in between.
            let salt = random.below(rows.len());
            let before: Vec<Image> = (0..rows.len())
                .map(|at| {
                    let other = &rows[(at + salt) % rows.len()];
                    (0..other.columns())
                        .map(|column| if key.contains(&column) { &rows[at] } else { other }.get(column))
                        .collect()
                })
                .collect();
            for row in &before {
                assert!(mirror.apply(None, Some(row)));
            }
            for (row, before) in rows.iter().zip(&before) {
                match random.below(3) {
                    0 => drop(mirror.apply(Some(before), Some(row))),
                    1 => drop(mirror.apply(None, Some(row))),
                    _ => {
                        assert!(mirror.apply(Some(before), None));
                        assert!(mirror.apply(None, Some(row)));
                    }
                }
                assert!(!mirror.apply(Some(row), Some(row)));
            }
            assert_eq!(mirror.len(), rows.len());
            mirrors.insert(mirror);
        }
    }

    /// A row, with the names and types of its fields.
    pub fn show(&self, table: &Table, at: usize) -> Vec<String> {
        let image = &self.images[&table.collection.name][at];
        let fields = table.collection.fields.iter().zip(image.iter());
        fields.map(|(field, value)| format!("{} {}: {value:?}", field.name, field.native_type)).collect()
    }
}

/// Gives some tables a view rule, which filters that look at them from elsewhere are bound to.
async fn guard(random: &mut Random, names: &[String], snapshot: &Snapshot, connection: &mut PgConnection) {
    for name in names {
        let rule = match random.below(4) {
            0 => "null".to_owned(),
            1 => "''".to_owned(),
            _ => quote(&view_rule(random, snapshot, name)),
        };
        run(connection, format!("update annex.collections set view_rule = {rule} where name = '{name}'"))
            .await;
    }
}

fn view_rule(random: &mut Random, snapshot: &Snapshot, name: &str) -> String {
    let collection = &snapshot.tables[name].collection;
    let scope = Scope { collection, collections: snapshot, purpose: Purpose::Rule(RuleKind::View) };
    loop {
        let others = random.percent(40);
        let source = Author { random, snapshot, rows: vec![collection], new: false, others }.condition(2);
        let fits = |source: &str| parse(source).and_then(|expression| check(&expression, &scope)).is_ok();
        if fits(&source) {
            return source;
        }
    }
}

/// A table and its rows. `n` tells rows apart.
async fn make_table(random: &mut Random, name: &str, connection: &mut PgConnection) {
    let count = 8 + random.below(18);
    let columns: Vec<Column> = (0..count)
        .map(|at| {
            let types = if random.percent(6) { &ODD_TYPES[..] } else { &TYPES[..] };
            let type_ = (*random.one(types)).to_owned();
            Column { name: format!("c{at}"), array: !type_.contains("collate") && random.percent(25), type_ }
        })
        .collect();
    // Relations: over ids, over a whole number that is unique, to accounts; and one that no constraint knows.
    let relations = ", r0 uuid, r1 uuid, k0 int4, k1 int4, owner uuid references annex.users, many uuid[]";
    let spelled: Vec<String> = columns
        .iter()
        .map(|Column { name, type_, array }| match type_.split_once(" collate ") {
            Some((type_, collation)) => format!("{name} {type_} collate {collation}"),
            None => format!("{name} {type_}{}", if *array { "[]" } else { "" }),
        })
        .collect();
    let numeric = columns.iter().find(|column| column.type_ == "int4" && !column.array);
    let generated = numeric.map_or(String::new(), |column| {
        format!(", g int8 generated always as ({}::int8 * 2) stored", column.name)
    });
    let statement = format!(
        "create table {name} (id uuid primary key, n int4 not null unique, {}{relations}{generated});
         insert into annex.collections (name, schema_name, table_name, managed) values ('{name}', 'public', '{name}', false)",
        spelled.join(", ")
    );
    run(connection, statement).await;
    for row in 0..ROWS {
        let mut values = vec![format!("'0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e{row:02x}'"), row.to_string()];
        let mut columns_named = "id, n".to_owned();
        for column in &columns {
            columns_named += &format!(", {}", column.name);
            values.push(value(random, column));
        }
        columns_named += ", owner, many";
        let owner = if random.percent(70) {
            format!("'0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e0{}'", random.below(2))
        } else {
            "null".to_owned()
        };
        values.push(owner);
        values.push(value(random, &Column { name: String::new(), type_: "uuid".to_owned(), array: true }));
        run(connection, format!("insert into {name} ({columns_named}) values ({})", values.join(", "))).await;
    }
}

/// Points the rows at one another.
async fn relate(random: &mut Random, names: &[String], connection: &mut PgConnection) {
    for name in names {
        for at in 0..2 {
            let target = random.one(names);
            let salt = random.below(ROWS);
            run(
                connection,
                format!(
                    "update {name} set
                         r{at} = case when (n + {salt}) % 4 > 0 then (select id from {target} t where t.n = ({name}.n * 5 + {salt}) % {ROWS}) end,
                         k{at} = case when (n + {salt}) % 3 > 0 then ({name}.n * 7 + {salt}) % {ROWS} end;
                     alter table {name} add foreign key (r{at}) references {target};
                     alter table {name} add foreign key (k{at}) references {target} (n)"
                ),
            )
            .await;
        }
    }
}

/// A value of a column, as SQL.
fn value(random: &mut Random, column: &Column) -> String {
    if random.percent(18) {
        return "null".to_owned();
    }
    if !column.array {
        return format!(
            "{}::{}",
            quote(&values::of(random, &column.type_)),
            column.type_.replace(" collate loose", "")
        );
    }
    let list = |random: &mut Random, nulls: bool| {
        let items: Vec<String> = (0..random.below(4))
            .map(|_| match nulls && random.percent(15) {
                true => "null".to_owned(),
                false => quote(&values::of(random, &column.type_)),
            })
            .collect();
        format!("array[{}]::{}[]", items.join(", "), column.type_)
    };
    match random.below(12) {
        // Of two dimensions, and numbered from elsewhere.
        0 => {
            let row = |random: &mut Random| quote(&values::of(random, &column.type_));
            format!(
                "array[array[{}, {}], array[{}, {}]]::{}[]",
                row(random),
                row(random),
                row(random),
                row(random),
                column.type_
            )
        }
        1 => format!(
            "array_fill({}::{}, array[2], array[0])",
            quote(&values::of(random, &column.type_)),
            column.type_
        ),
        _ => list(random, true),
    }
}

pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn run(connection: &mut PgConnection, statement: String) {
    if let Err(error) = connection.execute(AssertSqlSafe(statement.clone())).await {
        panic!("{error}\n{statement}");
    }
}

/// The rows as images, in the order of `n` (of accounts, of their ids).
async fn read(table: &Table, connection: &mut PgConnection) -> Vec<Image> {
    let mut columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            // The log has the type's own output, a cast to text sometimes another.
            let name = column.name.as_sql();
            if column.type_.as_sql() == "boolean" && !column.array {
                format!("left({name}::text, 1)")
            } else {
                format!("{name}::text")
            }
        })
        .collect();
    columns.push("1".to_owned());
    let order = if table.is_built_in() { "t.id" } else { "t.n" };
    let statement = format!("select {} from {} t order by {order}", columns.join(", "), table.name.as_sql());
    let rows = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(connection).await.unwrap();
    rows.iter()
        .map(|row| (0..table.columns.len()).map(|at| row.get_unchecked::<Option<&str>, _>(at)).collect())
        .collect()
}
