//! The two executors of the expression language beside one another: whatever a condition says of a row in the database, it says of
//! the row's image in the server.

mod expressions;
mod random;
mod values;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use annex::collections::catalogue::Table;
use annex::evaluator::{self, Mirrors, Program};
use annex::extract::{Caller, Identity};
use annex::records::sql::predicate::{Context, Rows, Source, Trust};
use annex::records::sql::{Alias, Sql};
use annex_openapi::expression::{OnNull, Operator, Predicate, Purpose, RuleKind, Scope, check, parse};
use annex_tests::TestDatabase;
use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool, Row};
use time::OffsetDateTime;
use time::macros::datetime;

use expressions::Author;
use random::Random;
use world::{ROWS, World, quote};

/// The instant of all requests.
const NOW: OffsetDateTime = datetime!(2026-11-23 12:00:00.000_001_9 UTC);

/// How many conditions are written for each world, and how many go to the database at once.
const PER_WORLD: usize = 2_000;
const AT_ONCE: usize = 100;

#[tokio::test]
async fn both_executors_agree() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let conditions = number("ANNEX_FUZZ_CONDITIONS").unwrap_or(3_000) as usize;
    let seed = number("ANNEX_FUZZ_SEED").unwrap_or(5);
    println!("seed {seed}, {conditions} conditions");
    let tally = run(seed, conditions).await;
    println!("{tally}");
    tally.assert_covers();
}

/// Somebody who asks.
fn callers() -> Vec<Caller> {
    let caller = |id: u8, email: &str, verified: bool, roles: &[&str]| {
        Caller::new(Arc::new(Identity {
            user_id: format!("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e{id:02x}").parse().unwrap(),
            session_id: None,
            impersonator: None,
            email: email.to_owned(),
            verified,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        }))
    };
    vec![
        Caller::ANONYMOUS,
        caller(0, "ada@example.com", true, &["editor", "a"]),
        caller(1, "bob@example.com", false, &[]),
        caller(2, "ü@x", true, &["red", "a b", "\"q'"]),
        caller(3, "root@example.com", true, &["admin"]),
    ]
}

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    /// Of those, how many asked for rows of other collections.
    membership: usize,
    comparisons: usize,
    /// Conditions that the database alone decides.
    alone: usize,
    /// How often each operator gave each value, by itself.
    operators: BTreeMap<Operator, [usize; 3]>,
    seconds: f64,
    in_process: f64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} conditions ({} of them over other collections) compared over {} rows in {:.1} s ({:.0} ns each in process); {} were the database's alone",
            self.compared,
            self.membership,
            self.comparisons,
            self.seconds,
            self.in_process * 1e9 / self.comparisons.max(1) as f64,
            self.alone,
        )?;
        for (operator, [yes, no, unknown]) in &self.operators {
            writeln!(f, "    {operator:?}: {yes} true, {no} false, {unknown} unknown")?;
        }
        Ok(())
    }
}

impl Tally {
    /// Every operator that both executors have was seen with every value that it may have.
    fn assert_covers(&self) {
        for operator in Operator::ALL {
            if matches!(operator, Operator::Ilike | Operator::Lower | Operator::Upper | Operator::Length) {
                continue;
            }
            let seen = self.operators.get(&operator).copied().unwrap_or_default();
            let known = operator.declaration().on_null == OnNull::Known;
            assert!(seen[0] > 0 && seen[1] > 0 && (seen[2] > 0) != known, "{operator:?} gave {seen:?}");
        }
        assert!(self.compared > self.alone, "{} of {}", self.alone, self.compared);
    }
}

struct Case {
    source: String,
    predicate: Predicate,
    program: Program,
    /// A rule sees all rows of other collections, a filter those that the caller may view.
    trust: Trust,
    table: Arc<Table>,
    caller: Caller,
    /// The row of `@new` for the row of that number.
    turn: usize,
}

async fn run(seed: u64, conditions: usize) -> Tally {
    let database = TestDatabase::create().await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let mut connection = database.connect().await;
    connection.execute("set timezone = 'UTC'; set datestyle = 'ISO, YMD'").await.unwrap();
    connection.execute(world::PRELUDE).await.unwrap();
    let mut random = Random(seed);
    let mut tally = Tally::default();
    let begun = Instant::now();
    while tally.compared < conditions {
        let prefix = format!("w{}", random.next() % 1_000_000_007);
        let world = World::make(&mut random, &prefix, &pool, &mut connection).await;
        let mut cases = Vec::new();
        let mut mirrors = Mirrors::default();
        for _ in 0..PER_WORLD.min(conditions - tally.compared) {
            match write(&mut random, &world) {
                Some(case) => cases.push(case),
                None => tally.alone += 1,
            }
        }
        for cases in cases.chunks(AT_ONCE) {
            compare(&world, cases, &mut mirrors, &mut random, &mut connection, &mut tally).await;
        }
        let dropping = format!(
            "drop table {prefix}_items, {prefix}_boxes, {prefix}_links cascade; delete from annex.collections"
        );
        connection.execute(AssertSqlSafe(dropping)).await.unwrap();
        if conditions > 50_000 {
            println!("{} ({:.0} s)", tally.compared, begun.elapsed().as_secs_f64());
        }
    }
    tally.seconds = begun.elapsed().as_secs_f64();
    drop(connection);
    pool.close().await;
    database.drop_database().await;
    tally
}

/// A condition that both executors take; none where the database alone does.
fn write(random: &mut Random, world: &World) -> Option<Case> {
    let table = Arc::clone(random.one(&world.collections));
    loop {
        let new = random.percent(30);
        let depth = 1 + random.below(3);
        let others = random.percent(60);
        let mut author = Author {
            random: &mut *random,
            snapshot: &world.snapshot,
            rows: vec![&table.collection],
            new,
            others,
        };
        let source = author.condition(depth);
        let (purpose, trust) = match new {
            true => (Purpose::Rule(RuleKind::Update), Trust::Rule),
            false => (Purpose::Filter { hidden: false }, Trust::Filter),
        };
        let scope = Scope { collection: &table.collection, collections: &world.snapshot, purpose };
        let checked = parse(&source).and_then(|expression| check(&expression, &scope));
        let Ok(predicate) = checked else { continue };
        let program = Program::compile_over(&predicate, &table, &world.snapshot, trust).ok()?;
        let caller = random.one(&callers()).clone();
        let turn = random.below(ROWS);
        return Some(Case { source, predicate, program, trust, table: Arc::clone(&table), caller, turn });
    }
}

impl Case {
    /// The statement that says what the condition says of every row, in order.
    fn sql(&self, world: &World) -> String {
        let mut sql = Sql::new();
        let context = Context { snapshot: &world.snapshot, caller: &self.caller, now: NOW };
        let rows = Rows::of(&self.table, Source::Alias(Alias(0))).with_new(Source::Alias(Alias(1)));
        context.write(&mut sql, &mut 1, rows, self.trust, &self.predicate).unwrap();
        let name = self.table.name.as_sql();
        format!(
            "select coalesce(array_agg(({}) order by t0.n), '{{}}')::text from {name} t0 join {name} t1 on t1.n = (t0.n + {}) % {ROWS};\n",
            filled(&sql),
            self.turn
        )
    }

    /// What it says of every row in the server.
    fn holds(&self, world: &World, mirrors: &Mirrors) -> Vec<Option<bool>> {
        let images = &world.images[&self.table.collection.name];
        let context = evaluator::Context::new(&self.caller, NOW).with_mirrors(mirrors);
        let new = |at: usize| &images[(at + self.turn) % ROWS];
        images
            .iter()
            .enumerate()
            .map(|(at, image)| self.program.holds(&context, image, Some(new(at))))
            .collect()
    }
}

/// The statement with its values in it.
fn filled(sql: &Sql) -> String {
    let mut text = String::new();
    let mut rest = sql.text.as_str();
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        match rest[at + 1..end].parse::<usize>() {
            Ok(place) => text.push_str(&sql.binds[place - 1].0.as_deref().map_or("null".to_owned(), quote)),
            Err(_) => text.push('$'),
        }
        rest = &rest[end..];
    }
    text + rest
}

/// What Postgres says, from the text of an array.
fn answers(text: &str) -> Vec<Option<bool>> {
    let inner = text.trim_matches(['{', '}']);
    inner
        .split(',')
        .map(|word| {
            [("t", Some(true)), ("f", Some(false))]
                .into_iter()
                .find(|(name, _)| *name == word)
                .and_then(|(_, value)| value)
        })
        .collect()
}

async fn compare(
    world: &World,
    cases: &[Case],
    mirrors: &mut Mirrors,
    random: &mut Random,
    connection: &mut PgConnection,
    tally: &mut Tally,
) {
    let statements: String = cases.iter().map(|case| case.sql(world)).collect();
    let rows = match sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(&mut *connection).await {
        Ok(rows) => rows,
        Err(_) => {
            for case in cases {
                if let Err(error) =
                    sqlx::raw_sql(AssertSqlSafe(case.sql(world))).fetch_all(&mut *connection).await
                {
                    panic!("{}\n{error}\n{}", case.source, case.sql(world));
                }
            }
            panic!("some statements fail together");
        }
    };
    for (case, row) in cases.iter().zip(&rows) {
        world.mirror(case.program.needs(), mirrors, random);
        let begun = Instant::now();
        let here = case.holds(world, mirrors);
        tally.in_process += begun.elapsed().as_secs_f64();
        let there = answers(row.get_unchecked::<&str, _>(0));
        for (at, (here, there)) in here.iter().zip(&there).enumerate() {
            assert_eq!(
                here,
                there,
                "here and in the database, of row {at} for {:?}:\n{}\n{:?}\n{:#?}\nnew: {:#?}\n{}",
                case.caller,
                case.source,
                case.predicate,
                world.show(&case.table, at),
                world.show(&case.table, (at + case.turn) % ROWS),
                case.sql(world)
            );
            if let Some((operator, _)) = case.predicate.operator() {
                tally.operators.entry(operator).or_default()[match here {
                    Some(true) => 0,
                    Some(false) => 1,
                    None => 2,
                }] += 1;
            }
        }
        assert_eq!(here.len(), there.len());
        tally.compared += 1;
        tally.membership += usize::from(!case.program.needs().is_empty());
        tally.comparisons += here.len();
    }
}
