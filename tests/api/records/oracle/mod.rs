//! Generated rules, rows, callers, filters and writes: whatever is listed, counted, read, expanded, exported, created, changed,
//! deleted and imported, by whichever way, must be what a reference evaluator says. It knows docs/EXPRESSIONS.md and nothing
//! of the server.
//!
//! `ANNEX_TEST_SEED` and `ANNEX_TEST_CASES` choose what is generated, and how much of it.

mod condition;
mod model;
mod reading;
mod writing;

use std::collections::BTreeSet;

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

use self::condition::{Condition, generate, generate_for_write, written};
use super::support::{Settings, adopt, set_rules};

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.next(from.len())].clone()
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: i64,
    owner: Option<String>,
    n: Option<i64>,
    t: Option<String>,
    flag: Option<bool>,
    tags: Option<Vec<Option<String>>>,
    parent: Option<i64>,
}

/// Who asks: an id and roles, or nobody.
type Asker = Option<(String, Vec<String>)>;

fn rows(random: &mut Random, owners: &[Option<String>]) -> Vec<Row> {
    (1..=14)
        .map(|id| Row {
            id,
            owner: random.pick(owners),
            n: random.pick(&[None, Some(-1), Some(0), Some(1), Some(2)]),
            t: random.pick(&[None, Some("a"), Some("ab"), Some("A%"), Some("")]).map(str::to_owned),
            flag: random.pick(&[None, Some(true), Some(false)]),
            tags: random.pick(&[
                None,
                Some(vec![]),
                Some(vec![Some("x".to_owned()), None]),
                Some(vec![Some("y".to_owned())]),
            ]),
            parent: random.pick(&[None, Some(random_parent(id))]),
        })
        .collect()
}

fn random_parent(id: i64) -> i64 {
    1 + (id * 5) % 14
}

fn ids(items: &[Value]) -> BTreeSet<i64> {
    items.iter().filter_map(|row| row["id"].as_i64()).collect()
}

impl Row {
    fn json(&self) -> Value {
        json!({
            "id": self.id, "owner": self.owner, "n": self.n, "t": self.t, "flag": self.flag, "tags": self.tags,
            "parent": self.parent
        })
    }
}

/// Makes the table have these rows.
async fn fill(app: &TestApp, rows: &[Row]) {
    let json = Value::from_iter(rows.iter().map(Row::json)).to_string().replace('\'', "''");
    app.sql(&format!(
        "truncate docs; insert into docs select * from jsonb_populate_recordset(null::docs, '{json}')"
    ))
    .await;
}

#[derive(Debug)]
struct Rules {
    list: Condition,
    view: Condition,
    create: Condition,
    update: Condition,
    delete: Condition,
}

impl Rules {
    fn generate(random: &mut Random) -> Self {
        Self {
            list: generate(random, 2),
            view: generate(random, 2),
            create: generate_for_write(random, 2),
            update: generate_for_write(random, 2),
            delete: generate(random, 2),
        }
    }

    fn written(&self) -> [(&'static str, String); 5] {
        let Self { list, view, create, update, delete } = self;
        [("list", list), ("view", view), ("create", create), ("update", update), ("delete", delete)]
            .map(|(kind, rule)| (kind, written(rule)))
    }
}

/// One set of rules over one set of rows, met by one caller.
struct Case<'a> {
    label: String,
    app: &'a TestApp,
    client: &'a Client,
    asker: &'a Asker,
    owners: &'a [Option<String>],
    rules: &'a Rules,
    rows: Vec<Row>,
}

#[tokio::test]
async fn every_path_agrees_with_the_reference() {
    let number = |variable: &str, default: u64| {
        std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (seed, cases) = (number("ANNEX_TEST_SEED", 25), number("ANNEX_TEST_CASES", 8));
    let app = TestApp::start().await;
    // The table keeps no foreign key of its own while rows are swapped: it is checked at no time.
    let ddl = "create table docs (id int primary key, owner uuid, n int default 1, t text, flag bool default false,
        tags text[], parent int,
        constraint docs_parent foreign key (parent) references docs on delete cascade deferrable initially deferred)";
    adopt(&app, "docs", ddl, Settings::open()).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    app.sql("update annex.users set roles = '{editor}' where email = 'bob@example.com'").await;
    app.eventually("the role counts", async || {
        bob.get("/v1/auth/me").await.json()["roles"] == json!(["editor"])
    })
    .await;
    let askers: Vec<(Client, Asker)> = vec![
        (app.anonymous(), None),
        (ada.clone(), Some((ada.id().to_owned(), vec![]))),
        (bob.clone(), Some((bob.id().to_owned(), vec!["editor".to_owned()]))),
    ];
    let owners = [None, Some(ada.id().to_owned()), Some(bob.id().to_owned())];
    let mut random = Random(seed);
    for case in 0..cases {
        let rows = rows(&mut random, &owners);
        let rules = Rules::generate(&mut random);
        let written = rules.written();
        let label = format!("ANNEX_TEST_SEED={seed}, case {case}\n{written:#?}\nrows: {rows:?}");
        set_rules(&app, "docs", &written).await;
        for (client, asker) in &askers {
            fill(&app, &rows).await;
            let label = format!("{label}\nasker: {asker:?}");
            let (app, owners, rules, rows) = (&app, &owners, &rules, rows.clone());
            let mut case = Case { label, app, client, asker, owners, rules, rows };
            case.reads(&mut random).await;
            case.writes(&mut random).await;
        }
    }
}
