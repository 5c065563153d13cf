//! The statements that requests become: their text and what they are given, as snapshots.

mod imports;
mod relations;

use std::fmt::Write;
use std::sync::Arc;

use annex::collections::catalogue::{Snapshot, Table};
use annex::extract::{Caller, Identity};
use annex::records::sql::matching;
use annex::records::sql::predicate::Context;
use annex::records::sql::select::{self, List, Matching, SortKey};
use annex::records::sql::write::{self, Assignment, Replacement, Value};
use annex::records::sql::{Bind, Sql};
use annex_openapi::expression::{self, Predicate, Purpose, Scope};
use annex_tests::TestApp;
use time::macros::datetime;
use uuid::uuid;

use super::support::{Settings, adopt};

const AUTHORS: &str = "create table authors (id uuid primary key, name text not null, secret text)";
const POSTS: &str = r#"
    create type status as enum ('draft', 'published');
    create table posts (
        id uuid primary key default annex.uuid_v7(), title varchar(40) not null, status status not null default 'draft',
        author uuid references authors (id), score numeric, tags text[], meta jsonb, local timestamp, seen timestamptz,
        address inet, "Odd ""name" int, shout text generated always as (upper(title)) stored
    )"#;
const OWN: &str = "\"editor\" in @user.roles or author = @user.id";

struct Bench {
    app: TestApp,
    snapshot: Arc<Snapshot>,
}

impl Bench {
    async fn new(posts: Settings) -> Self {
        let app = TestApp::start().await;
        let authors = Settings::open().reading("name != \"nobody\"").hiding(&["secret"]);
        adopt(&app, "authors", AUTHORS, authors).await;
        adopt(&app, "posts", POSTS, posts).await;
        let snapshot = app.inside().catalogue.snapshot();
        Self { app, snapshot }
    }

    fn table(&self) -> &Table {
        self.snapshot.table("posts").unwrap()
    }

    fn column(&self, field: &str) -> usize {
        self.table().column(field).unwrap()
    }

    fn context<'a>(&'a self, caller: &'a Caller) -> Context<'a> {
        Context { snapshot: &self.snapshot, caller, now: datetime!(2026-01-31 12:00 UTC) }
    }

    /// The condition, as the caller's own.
    fn filter(&self, caller: &Caller, text: &str) -> Predicate {
        let scope = Scope {
            collection: &self.table().collection,
            collections: &*self.snapshot,
            purpose: Purpose::Filter { hidden: caller.is_admin() },
        };
        let parsed = expression::parse(text).unwrap_or_else(|error| panic!("{error}"));
        expression::check(&parsed, &scope).unwrap_or_else(|error| panic!("{error}"))
    }

    fn list(
        &self,
        caller: &Caller,
        filter: Option<&str>,
        sort: &[(&str, bool)],
        after: Option<&[Option<String>]>,
    ) -> Option<Sql> {
        let table = self.table();
        let filter = filter.map(|text| self.filter(caller, text));
        let sort: Vec<SortKey> = sort
            .iter()
            .map(|(field, descending)| SortKey { column: self.column(field), descending: *descending })
            .collect();
        let matching = Matching { filter: filter.as_ref(), search: None };
        let list = List { matching, sort: &sort, after, ..self.plain() };
        let columns = [self.column("id"), self.column("title")];
        select::list(&self.context(caller), table, &List { columns: &columns, ..list }).unwrap()
    }

    /// Twenty rows and one more, from the beginning.
    fn plain(&self) -> List<'_> {
        List {
            columns: &[],
            matching: Matching::default(),
            sort: &[],
            after: None,
            offset: 0,
            limit: Some(21),
        }
    }
}

fn user(role: &str) -> Caller {
    Caller::new(Arc::new(Identity {
        user_id: uuid!("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"),
        session_id: None,
        impersonator: None,
        email: "ada@example.com".to_owned(),
        verified: true,
        roles: vec![role.to_owned()],
    }))
}

fn show(out: &mut String, what: &str, statement: Option<Sql>) {
    match statement {
        None => writeln!(out, "{what}\n    denied without a statement\n").unwrap(),
        Some(sql) => {
            writeln!(out, "{what}\n    {}", sql.text).unwrap();
            for (place, Bind(value)) in sql.binds.iter().enumerate() {
                writeln!(out, "    ${} {}", place + 1, value.as_deref().unwrap_or("null")).unwrap();
            }
            out.push('\n');
        }
    }
}

#[tokio::test]
async fn filters_become_conditions_with_binds() {
    let bench = Bench::new(Settings::open()).await;
    let caller = user("writer");
    let mut out = String::new();
    for filter in [
        "status = \"published\" and score >= 1.50",
        "title like \"%50\\\\%%\" or title ilike \"a_\"",
        "not (author = null)",
        "author = @user.id and author.name = \"Ada\"",
        "tags contains \"rust\" and \"x\" in tags",
        "status in [\"draft\", \"published\"] and title not in [\"a\", \"b\"]",
        "meta.price > 10 and meta.tags[0] = \"x\" and meta.open = true and meta.gone = null",
        "local < @now - 7d and seen >= \"2026-01-31T12:00:00Z\"",
        "length(title) > 3 and lower(title) = \"a\" and length(tags) = 0",
        "`Odd \"name` = 1 and address = \"10.0.0.1\"",
        "exists(posts, author = $.author and status = \"draft\")",
        "title in @user.roles and @user.verified",
        "id = \"0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f\"",
    ] {
        show(&mut out, filter, bench.list(&caller, Some(filter), &[("id", false)], None));
    }
    insta::assert_snapshot!(out);
    drop(bench.app);
}

#[tokio::test]
async fn a_page_begins_behind_the_last_row() {
    let bench = Bench::new(Settings::open()).await;
    let caller = Caller::ANONYMOUS;
    let mut out = String::new();
    let values =
        |values: &[Option<&str>]| values.iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>();
    for (what, sort, after) in [
        ("never null, one direction", vec![("title", true), ("id", true)], values(&[Some("m"), Some("i")])),
        (
            "never null, both directions",
            vec![("title", true), ("id", false)],
            values(&[Some("m"), Some("i")]),
        ),
        (
            "ascending, after a value",
            vec![("score", false), ("id", false)],
            values(&[Some("1.50"), Some("i")]),
        ),
        ("ascending, after null", vec![("score", false), ("id", false)], values(&[None, Some("i")])),
        (
            "descending, after a value",
            vec![("score", true), ("id", true)],
            values(&[Some("1.50"), Some("i")]),
        ),
        ("descending, after null", vec![("score", true), ("id", true)], values(&[None, Some("i")])),
    ] {
        show(&mut out, what, bench.list(&caller, None, &sort, Some(&after)));
    }
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn rows_are_skipped_by_their_keys() {
    let bench = Bench::new(Settings::open().reading(OWN)).await;
    bench
        .app
        .sql("create view titles as select id, title from posts; create table pairs (a int, b int, primary key (b, a))")
        .await;
    adopt(&bench.app, "titles", "", Settings::open().keyed(&["id"])).await;
    adopt(&bench.app, "pairs", "", Settings::open()).await;
    let snapshot = bench.app.inside().catalogue.snapshot();
    let caller = user("writer");
    let context = Context { snapshot: &snapshot, ..bench.context(&caller) };
    let mut out = String::new();
    for (name, sort, after) in [
        ("posts", vec![("title", true), ("id", true)], None),
        (
            "posts",
            vec![("score", false), ("id", false)],
            Some([Some("1.50".to_owned()), Some("i".to_owned())]),
        ),
        ("titles", vec![("title", false), ("id", false)], None),
        ("pairs", vec![("b", false), ("a", false)], None),
    ] {
        let table = snapshot.table(name).unwrap();
        let sort: Vec<SortKey> = sort
            .into_iter()
            .map(|(field, descending)| SortKey { column: table.column(field).unwrap(), descending })
            .collect();
        let after = after.as_ref().map(<[_; 2]>::as_slice);
        let list = List { columns: &[0, 1], sort: &sort, after, offset: 300, ..bench.plain() };
        show(&mut out, name, select::list(&context, table, &list).unwrap());
    }
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn what_matches_is_written_in_one_statement() {
    let settings = Settings::open()
        .reading(OWN)
        .rule("update", "author = @user.id and @new.author = author")
        .rule("delete", "author.name = @user.email");
    let bench = Bench::new(settings).await;
    let table = bench.table();
    let values: [Assignment; 2] = [
        (bench.column("title"), Value::Given(Bind::text("t"))),
        (bench.column("local"), Value::Given(Bind::text("2026-01-31T12:00:00Z"))),
    ];
    let mut out = String::new();
    for (who, caller) in [("ada", user("writer")), ("an admin", user("admin"))] {
        let context = bench.context(&caller);
        let filter = bench.filter(&caller, "status = \"draft\" and author.name = \"Ada\"");
        let drafts = Matching { filter: Some(&filter), search: None };
        let update = matching::update(&context, table, drafts, &values).unwrap();
        show(&mut out, &format!("update, {who}"), update);
        let updatable = matching::updatable(&context, table, drafts, &values).unwrap();
        show(&mut out, &format!("updatable, {who}"), updatable);
        show(&mut out, &format!("delete, {who}"), matching::delete(&context, table, drafts).unwrap());
        show(&mut out, &format!("deletable, {who}"), matching::deletable(&context, table, drafts).unwrap());
    }
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn a_rule_is_part_of_every_statement() {
    let update = "author = @user.id and @new.author = author and @new.shout != \"X\"";
    let settings = Settings::open()
        .reading(OWN)
        .rule("create", "@new.author = @user.id and status = \"draft\"")
        .rule("update", update)
        .rule("delete", "author.name = @user.email");
    let bench = Bench::new(settings).await;
    let table = bench.table();
    let key = [Bind::text("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")];
    let title: [Assignment; 1] = [(bench.column("title"), Value::Given(Bind::text("t")))];
    let row: [Assignment; 2] = [(bench.column("id"), Value::Given(key[0].clone())), title[0].clone()];
    let columns = [bench.column("id")];
    let mut out = String::new();
    for (who, caller) in [
        ("nobody", Caller::ANONYMOUS),
        ("ada", user("writer")),
        ("an editor", user("editor")),
        ("an admin", user("admin")),
    ] {
        let context = bench.context(&caller);
        show(&mut out, &format!("get, {who}"), select::get(&context, table, &columns, &key).unwrap());
        show(
            &mut out,
            &format!("list, {who}"),
            bench.list(&caller, Some("author.name = \"Ada\""), &[("id", false)], None),
        );
        show(&mut out, &format!("insert, {who}"), write::insert(&context, table, &title, &columns).unwrap());
        show(
            &mut out,
            &format!("update, {who}"),
            write::update(&context, table, &key, &title, Some(7), &columns).unwrap(),
        );
        let replacement = Replacement { changes: Some(&title), version: None, row: Some(&row) };
        show(
            &mut out,
            &format!("replace, {who}"),
            write::replace(&context, table, &key, replacement, &columns).unwrap(),
        );
        let only_new = Replacement { changes: None, version: None, row: Some(&row) };
        show(
            &mut out,
            &format!("replace where there is none, {who}"),
            write::replace(&context, table, &key, only_new, &columns).unwrap(),
        );
        show(&mut out, &format!("delete, {who}"), write::delete(&context, table, &key, Some(7)).unwrap());
    }
    assert!(!out.contains("secret"), "a hidden field is in no statement that nobody asked it for");
    insta::assert_snapshot!(out);
}
