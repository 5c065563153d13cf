//! Whatever a request says, no answer is a fault of the server or says anything of its SQL.

use annex_tests::{Answer, Client, TestApp};

use super::support::{Settings, adopt, records, with_parameters};

const ROWS: &str = "
    create table rows (id text primary key, title text, meta jsonb, tags text[], n int, amount numeric, day date, other text references rows);
    create index rows_search on rows using gin (to_tsvector('simple', title));
    insert into rows values ('a', 'canary', '{\"a\": {\"b\": [1, \"x\"]}}', '{x,y}', 1, 1.5, '2026-01-01', 'a');";

/// Said only by Postgres, or by this program about itself.
const TELLTALES: &[&str] = &[
    "SELECT",
    "select t0",
    "insert into",
    "update \"",
    "$1",
    "$2",
    "pg_",
    "::",
    "syntax error at",
    "operator does not exist",
    "relation \"",
    "column t0",
    "ERROR:",
    "panicked",
    "src/",
    ".rs:",
    "backtrace",
    "tokio",
    "sqlx",
    "/home",
    "/root",
    "annex.",
];

/// Pieces that hurt somewhere.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    "''",
    "\0",
    "%",
    "%25",
    "%00",
    "_",
    ";",
    "--",
    "/*",
    "*/",
    "$1",
    "$$",
    "$.",
    "@",
    "@new",
    "@user",
    "@now",
    "::text",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "..",
    "-",
    "+",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u{0}",
    "\u{7f}",
    "é",
    "😀",
    "\u{202e}",
    "\u{feff}",
    "\u{fffd}",
    "ﬀ",
    "İ",
    "null",
    "true",
    "and",
    "or",
    "not",
    "in",
    "like",
    "exists(",
    "contains",
    "=",
    "!=",
    "<",
    ">=",
    "title",
    "meta",
    "tags",
    "n",
    "amount",
    "day",
    "other",
    "other.other",
    "id",
    "rows",
    "users",
    "1",
    "-1",
    "1e309",
    "99999999999999999999",
    "0.1",
    "\"x\"",
    "'a'",
    "meta.a.b[0]",
    "meta['x']",
    "select 1",
    "union all",
    "1; drop table rows",
    "' or 1=1 --",
    "x' || pg_sleep(5) || '",
    "title); delete from rows; --",
    "${x}",
    "{{7*7}}",
    "<script>",
    "../../etc/passwd",
    "t0.id",
    "xmin",
    "ctid",
    "tableoid",
    "annex",
    "pg_catalog.pg_user",
];

/// A small generator of one's own, so that a seed says it all.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    fn text(&mut self) -> String {
        if self.next(40) == 0 {
            let piece = PIECES[self.next(PIECES.len())];
            return piece.repeat(1 + 1500 / piece.len().max(1));
        }
        let between = ["", " "][self.next(2)];
        let pieces: Vec<&str> = (0..1 + self.next(6)).map(|_| PIECES[self.next(PIECES.len())]).collect();
        pieces.join(between)
    }
}

#[track_caller]
fn harmless(answer: &Answer, input: &str, seed: u64) {
    assert!(answer.status < 500, "seed {seed}: {input:?}: {answer}");
    if answer.status < 400 {
        return;
    }
    assert_eq!(answer.media_type(), Some("application/problem+json"), "seed {seed}: {input:?}: {answer}");
    let body = answer.text();
    for telltale in TELLTALES {
        let asked = input.contains(telltale) || input.replace("\\", "\\\\").contains(telltale);
        assert!(asked || !body.contains(telltale), "seed {seed}: `{telltale}` for {input:?}: {answer}");
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn app() -> (TestApp, Client) {
    let app = TestApp::start().await;
    adopt(&app, "rows", ROWS, Settings::open()).await;
    let client = app.anonymous();
    (app, client)
}

#[tokio::test]
async fn no_query_makes_the_server_fail() {
    let (app, client) = app().await;
    let seed = number("ANNEX_TEST_SEED", 1);
    let mut random = Random(seed);
    for _ in 0..number("ANNEX_TEST_CASES", 400) {
        let name = ["filter", "sort", "fields", "expand", "cursor", "limit", "search"][random.next(7)];
        let text = random.text();
        let text = match (name, random.next(3)) {
            ("filter", 0) => format!("title = {}", serde_json::json!(text)),
            ("filter", 1) => format!("meta.{} = {}", serde_json::json!(text), serde_json::json!(text)),
            ("sort", 0) => format!("-{text}"),
            _ => text,
        };
        let path = if random.next(4) == 0 { "/v1/records/rows/a" } else { "/v1/records/rows" };
        let answer = client.get(&with_parameters(path, &[(name, &text)])).await;
        harmless(&answer, &format!("{name}={text}"), seed);
    }
    assert_eq!(app.sql_value("select count(*) from rows").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn no_path_makes_the_server_fail() {
    let (app, client) = app().await;
    let seed = number("ANNEX_TEST_SEED", 2);
    let mut random = Random(seed);
    for _ in 0..number("ANNEX_TEST_CASES", 200) {
        let text = random.text();
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/v1/records/rows/{encoded}"),
            format!("/v1/records/{encoded}/a"),
            format!("/v1/records/{encoded}"),
        ] {
            let method = ["GET", "PATCH", "PUT", "DELETE", "POST"][random.next(5)];
            // What deletes the one row is not meant here.
            let mut request = client.request(method, &path).undocumented();
            if ["PATCH", "POST"].contains(&method) {
                request = request.json(&serde_json::json!({"title": text}));
            } else if method == "PUT" {
                request = request.json(&serde_json::json!({"nope": text}));
            }
            let answer = request.await;
            harmless(&answer, &text, seed);
        }
    }
    app.sql("select 1 from rows").await;
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let (app, client) = app().await;
    let seed = number("ANNEX_TEST_SEED", 3);
    let mut random = Random(seed);
    for case in 0..number("ANNEX_TEST_CASES", 300) {
        let field = ["id", "title", "meta", "tags", "n", "amount", "day", "other"][random.next(8)];
        let text = random.text();
        let value = match random.next(4) {
            0 => serde_json::json!([text, null]),
            1 => serde_json::json!({ text.clone(): text.clone() }),
            _ => serde_json::json!(text),
        };
        let mut body = serde_json::json!({"id": format!("case {case}")});
        body[field] = value;
        if random.next(10) == 0 {
            body[text.as_str()] = serde_json::json!(1);
        }
        let answer = client.post("/v1/records/rows", body.clone()).await;
        harmless(&answer, &format!("{body} {text}"), seed);
        if answer.status == 201 && field != "id" {
            let made = answer.json();
            assert!(!made[field].is_null(), "{body}: {answer}");
            if field != "day" && field != "amount" {
                assert_eq!(made[field], body[field], "seed {seed}: what was written is what is read");
            }
        }
    }
    assert_eq!(app.sql_value("select title from rows where id = 'a'").await.as_deref(), Some("canary"));
}

#[tokio::test]
async fn expressions_have_their_bounds() {
    let (_app, client) = app().await;
    let status = async |filter: &str| client.get(&records("rows", &[("filter", filter)])).await.status;
    let terms = |count: usize| vec!["n = 1"; count].join(" or ");
    assert_eq!(status(&terms(100)).await, 200);
    assert_eq!(status(&terms(101)).await, 400);
    let nested = |depth: usize| format!("{}n = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(status(&nested(7)).await, 200);
    assert_eq!(status(&nested(9)).await, 400);
    assert_eq!(status(&format!("{}true", "not ".repeat(500))).await, 400);
    let list = |count: usize| format!("n in [{}]", vec!["1"; count].join(","));
    assert_eq!(status(&list(1000)).await, 200);
    assert_eq!(status(&list(1001)).await, 400);
    assert_eq!(status("other.other.other.title = 'x'").await, 200);
    assert_eq!(status("other.other.other.other.title = 'x'").await, 400);
    assert_eq!(status("exists(rows, exists(rows, id = $.id))").await, 200);
    assert_eq!(status("exists(rows, exists(rows, exists(rows, id = $.id)))").await, 400);
    assert_eq!(status(&format!("meta{} = 1", ".a".repeat(16))).await, 200);
    assert_eq!(status(&format!("meta{} = 1", ".a".repeat(17))).await, 400);
    assert!(matches!(status(&format!("title = '{}'", "x".repeat(8192))).await, 400 | 414));
    assert_eq!(status("n = 1e999999").await, 400);
    assert_eq!(status("day > @today - 5000w").await, 200);
    assert_eq!(status("day > @today - 9999999w").await, 400);
}

#[tokio::test]
async fn a_statement_has_its_time() {
    let app = TestApp::builder().set("ANNEX_STATEMENT_TIMEOUT", "1").start().await;
    adopt(
        &app,
        "slow",
        "create table base (id int primary key, n int); insert into base select n, n from generate_series(1, 50) n;
         create view slow as select id, n, pg_sleep(0.1)::text as pause from base;",
        Settings::open().keyed(&["id"]),
    )
    .await;
    let anyone = app.anonymous();
    let answer = anyone.get(&records("slow", &[("limit", "50")])).await.expect_status(504);
    answer.expect_problem("statement_timeout");
    anyone.get("/v1/records/slow/1").await.expect_status(200);
}

#[tokio::test]
async fn what_postgres_cannot_do_is_refused_in_other_words_than_its_own() {
    let app = TestApp::start().await;
    let ddl = "create table places (id int primary key, spot point); insert into places values (1, '(1,2)')";
    adopt(&app, "places", ddl, Settings::open()).await;
    let refused = app.anonymous().get(&records("places", &[("sort", "spot")])).await.expect_status(400);
    refused.expect_problem("bad_request");
    refused.expect_unsaid(&["operator", "point", "identify"]);
}
