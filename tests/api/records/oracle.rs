//! Generated rules, rows, callers and filters: what is listed, counted, read, expanded, changed and deleted must be what a
//! reference evaluator says. It knows docs/EXPRESSIONS.md and nothing of the server.
//!
//! `ANNEX_TEST_SEED` and `ANNEX_TEST_CASES` choose what is generated, and how much of it.

use std::collections::BTreeSet;

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

use super::support::{Settings, adopt, records, set_rule};

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

#[derive(Debug, Clone)]
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

#[derive(Debug, Clone)]
enum Condition {
    Constant(bool),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Number(&'static str, i64),
    Numbers(Vec<i64>),
    NumberNull,
    Text(&'static str, &'static str),
    Part(&'static str),
    Starts(&'static str),
    Flag,
    Tag(&'static str),
    Owner(&'static str),
    Role(&'static str),
    SignedIn,
    ParentNumber(&'static str, i64),
    ParentNull,
    GrandparentText(&'static str),
    ChildNumber(&'static str, i64),
}

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const TEXTS: [&str; 4] = ["a", "b", "A%", ""];

fn generate(random: &mut Random, depth: usize) -> Condition {
    let kind = if depth == 0 { 4 + random.next(16) } else { random.next(20) };
    let number = random.next(5) as i64 - 1;
    let operator = random.pick(&OPERATORS);
    let parts = |random: &mut Random| (0..2 + random.next(2)).map(|_| generate(random, depth - 1)).collect();
    match kind {
        0 => Condition::And(parts(random)),
        1 | 2 => Condition::Or(parts(random)),
        3 => Condition::Not(Box::new(generate(random, depth - 1))),
        4 => Condition::Constant(random.next(2) == 0),
        5 => Condition::Number(operator, number),
        6 => Condition::Numbers((0..random.next(4) as i64).map(|more| number + more).collect()),
        7 => Condition::NumberNull,
        8 => Condition::Text(random.pick(&["=", "!="]), random.pick(&TEXTS)),
        9 => Condition::Part(random.pick(&TEXTS)),
        10 => Condition::Starts(random.pick(&["a", "b", ""])),
        11 => Condition::Flag,
        12 => Condition::Tag(random.pick(&["x", "y"])),
        13 | 14 => Condition::Owner(random.pick(&["=", "!="])),
        15 => Condition::Role(random.pick(&["editor", "author"])),
        16 => Condition::SignedIn,
        17 => Condition::ParentNumber(operator, number),
        18 => random.pick(&[Condition::ParentNull, Condition::GrandparentText("a")]),
        _ => Condition::ChildNumber(operator, number),
    }
}

/// As it is written.
fn written(condition: &Condition) -> String {
    let join = |parts: &[Condition], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", written(part))).collect();
        parts.join(word)
    };
    match condition {
        Condition::Constant(value) => value.to_string(),
        Condition::And(parts) => join(parts, " and "),
        Condition::Or(parts) => join(parts, " or "),
        Condition::Not(inner) => format!("not ({})", written(inner)),
        Condition::Number(operator, number) => format!("n {operator} {number}"),
        Condition::Numbers(numbers) => format!("n in {numbers:?}"),
        Condition::NumberNull => "n = null".to_owned(),
        Condition::Text(operator, text) => format!("t {operator} {text:?}"),
        Condition::Part(text) => format!("t contains {text:?}"),
        Condition::Starts(text) => format!("t like \"{text}%\""),
        Condition::Flag => "flag".to_owned(),
        Condition::Tag(tag) => format!("tags contains {tag:?}"),
        Condition::Owner(operator) => format!("owner {operator} @user.id"),
        Condition::Role(role) => format!("{role:?} in @user.roles"),
        Condition::SignedIn => "@user.id != null".to_owned(),
        Condition::ParentNumber(operator, number) => format!("parent.n {operator} {number}"),
        Condition::ParentNull => "parent.id = null".to_owned(),
        Condition::GrandparentText(text) => format!("parent.parent.t = {text:?}"),
        Condition::ChildNumber(operator, number) => {
            format!("exists(docs, parent = $.id and n {operator} {number})")
        }
    }
}

fn compared<T: PartialOrd>(left: T, operator: &str, right: T) -> bool {
    match operator {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// What a condition is evaluated against: the rows that it may look into, and who asks.
struct World<'a> {
    seen: Vec<&'a Row>,
    asker: &'a Asker,
}

impl World<'_> {
    fn parent(&self, row: &Row) -> Option<&Row> {
        self.seen.iter().find(|other| Some(other.id) == row.parent).copied()
    }

    /// True, false, or unknown.
    fn holds(&self, row: &Row, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Constant(value) => Some(*value),
            Condition::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.holds(row, part)).collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else {
                    (!parts.contains(&None)).then_some(true)
                }
            }
            Condition::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.holds(row, part)).collect();
                if parts.contains(&Some(true)) {
                    Some(true)
                } else {
                    (!parts.contains(&None)).then_some(false)
                }
            }
            Condition::Not(inner) => self.holds(row, inner).map(|value| !value),
            Condition::Number(operator, number) => row.n.map(|n| compared(n, operator, *number)),
            Condition::Numbers(numbers) if numbers.is_empty() => Some(false),
            Condition::Numbers(numbers) => row.n.map(|n| numbers.contains(&n)),
            Condition::NumberNull => Some(row.n.is_none()),
            Condition::Text(operator, text) => row.t.as_deref().map(|t| compared(t, operator, *text)),
            Condition::Part(text) => row.t.as_deref().map(|t| t.contains(text)),
            Condition::Starts(text) => row.t.as_deref().map(|t| t.starts_with(text)),
            Condition::Flag => row.flag,
            Condition::Tag(tag) => {
                row.tags.as_ref().map(|tags| tags.iter().flatten().any(|candidate| candidate == tag))
            }
            Condition::Owner(operator) => {
                let (owner, asker) = (row.owner.as_ref()?, self.asker.as_ref()?);
                Some(compared(owner, operator, &asker.0))
            }
            Condition::Role(role) => {
                self.asker.as_ref().map(|(_, roles)| roles.iter().any(|held| held == role))
            }
            Condition::SignedIn => Some(self.asker.is_some()),
            Condition::ParentNumber(operator, number) => {
                self.parent(row)?.n.map(|n| compared(n, operator, *number))
            }
            Condition::ParentNull => Some(self.parent(row).is_none()),
            Condition::GrandparentText(text) => {
                let grandparent = self.parent(self.parent(row)?)?;
                grandparent.t.as_deref().map(|t| t == *text)
            }
            Condition::ChildNumber(operator, number) => Some(self.seen.iter().any(|child| {
                child.parent == Some(row.id) && child.n.is_some_and(|n| compared(n, operator, *number))
            })),
        }
    }
}

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

async fn write(app: &TestApp, rows: &[Row]) {
    let json: Vec<Value> = rows
        .iter()
        .map(|row| json!({"id": row.id, "owner": row.owner, "n": row.n, "t": row.t, "flag": row.flag, "tags": row.tags, "parent": row.parent}))
        .collect();
    let json = Value::from(json).to_string().replace('\'', "''");
    app.sql(&format!(
        "truncate docs; insert into docs select * from jsonb_populate_recordset(null::docs, '{json}')"
    ))
    .await;
}

/// One set of rules over one set of rows, seen by every caller.
struct Case<'a> {
    label: String,
    app: &'a TestApp,
    rows: &'a [Row],
    rules: [Condition; 4],
}

impl Case<'_> {
    async fn check(&self, random: &mut Random, client: &Client, asker: &Asker) {
        let [list, view, update, delete] = &self.rules;
        let all = World { seen: self.rows.iter().collect(), asker };
        let passing = |rule: &Condition| -> BTreeSet<i64> {
            self.rows.iter().filter(|row| all.holds(row, rule) == Some(true)).map(|row| row.id).collect()
        };
        let (listed, viewed) = (passing(list), passing(view));
        let seen = World { seen: self.rows.iter().filter(|row| viewed.contains(&row.id)).collect(), asker };
        let label = format!("{}\nasker: {asker:?}", self.label);

        for _ in 0..4 {
            let filter = generate(random, 2);
            let text = written(&filter);
            let wanted: BTreeSet<i64> = self
                .rows
                .iter()
                .filter(|row| listed.contains(&row.id) && seen.holds(row, &filter) == Some(true))
                .map(|row| row.id)
                .collect();
            let sort = random.pick(&["id", "-n", "t,-n", "flag"]);
            let asked =
                [("filter", text.as_str()), ("sort", sort), ("expand", "parent,docs"), ("limit", "1000")];
            let count = random.pick(&["count=exact", "count=estimated"]);
            let page = client.get(&records("docs", &asked)).header("prefer", count).await;
            let page = page.expect_status(200);
            assert_eq!(ids(&page.items()), wanted, "{label}\nfilter: {text}");
            if count == "count=exact" {
                assert_eq!(page.json()["count"], wanted.len(), "{label}\nfilter: {text}");
            }
            for item in page.items() {
                let row = self.rows.iter().find(|row| item["id"] == row.id).expect("it is one of them");
                let parent = item["expand"]["parent"]["id"].as_i64();
                assert_eq!(parent, row.parent.filter(|parent| viewed.contains(parent)), "{label}\n{item}");
                let children: BTreeSet<i64> = self
                    .rows
                    .iter()
                    .filter(|child| child.parent == Some(row.id) && viewed.contains(&child.id))
                    .map(|child| child.id)
                    .collect();
                let found = item["expand"]["docs"].as_array().cloned().unwrap_or_default();
                assert_eq!(ids(&found), children, "{label}\n{item}");
            }
        }
        for row in self.rows {
            let path = format!("/v1/records/docs/{}", row.id);
            let status = client.get(&path).await.status;
            assert_eq!(status, if viewed.contains(&row.id) { 200 } else { 404 }, "{label}\nget {row:?}");
        }
        // What is written changes nothing, so that the next caller finds the same rows.
        let (updatable, deletable) = (passing(update), passing(delete));
        for _ in 0..5 {
            let row = &self.rows[random.next(self.rows.len())];
            let path = format!("/v1/records/docs/{}", row.id);
            let answer = client.patch(&path, json!({"n": row.n})).await;
            let wanted = match (updatable.contains(&row.id), viewed.contains(&row.id)) {
                (true, true) => 200,
                (true, false) => 204,
                (false, _) => 404,
            };
            assert_eq!(answer.status, wanted, "{label}\nupdate {row:?}: {answer}");
        }
        let row = &self.rows[random.next(self.rows.len())];
        let answer = client.delete(&format!("/v1/records/docs/{}", row.id)).await;
        let gone = deletable.contains(&row.id);
        assert_eq!(answer.status, if gone { 204 } else { 404 }, "{label}\ndelete {row:?}: {answer}");
        let left = self.app.sql_value(&format!("select count(*) from docs where id = {}", row.id)).await;
        assert_eq!(left.as_deref(), Some(if gone { "0" } else { "1" }), "{label}\ndelete {row:?}");
        if gone {
            write(self.app, self.rows).await;
        }
    }
}

#[tokio::test]
async fn every_path_agrees_with_the_reference() {
    let number = |variable: &str, default: u64| {
        std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (seed, cases) = (number("ANNEX_TEST_SEED", 25), number("ANNEX_TEST_CASES", 25));
    let app = TestApp::start().await;
    // The table keeps no foreign key of its own while rows are swapped: it is checked at no time.
    let ddl = "create table docs (id int primary key, owner uuid, n int, t text, flag bool, tags text[],
        parent int, constraint docs_parent foreign key (parent) references docs on delete cascade deferrable initially deferred)";
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
        write(&app, &rows).await;
        let rules = [(); 4].map(|()| generate(&mut random, 2));
        for (kind, rule) in ["list", "view", "update", "delete"].into_iter().zip(&rules) {
            set_rule(&app, "docs", kind, Some(&written(rule))).await;
        }
        let texts = rules.each_ref().map(written);
        let label = format!(
            "ANNEX_TEST_SEED={seed}, case {case}\nlist, view, update, delete: {texts:#?}\nrows: {rows:?}"
        );
        let case = Case { label, app: &app, rows: &rows, rules };
        for (client, asker) in &askers {
            case.check(&mut random, client, asker).await;
        }
    }
}
