//! `expand=`: relations followed in one statement a level, to what the caller may view.

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::support::{Settings, adopt, records, set_rule};

const AUTHORS: &str = "
    create table authors (id int primary key, name text, secret text, boss bigint, country text);
    insert into authors select n, 'author ' || n, 'secret', nullif(n - 1, 0), 'x' from generate_series(1, 9) n;";
const POSTS: &str = "
    create table posts (id uuid primary key default gen_random_uuid(), n int, author int references authors on delete set null, editor int references authors);
    insert into posts (n, author, editor) select n, nullif(n % 5, 0), 9 from generate_series(1, 300) n;";
const COMMENTS: &str = "
    create table comments (id int primary key, post uuid references posts, writer int references authors, public bool);
    insert into comments select row_number() over (), p.id, 1 + k, k <> 2 from posts p, generate_series(1, 3) k where p.n <= 20;";

async fn adopt_all(app: &TestApp) {
    adopt(app, "authors", AUTHORS, Settings::open().hiding(&["secret"])).await;
    adopt(app, "posts", POSTS, Settings::open()).await;
    adopt(app, "comments", COMMENTS, Settings::open()).await;
    app.schema_seen(|snapshot| snapshot.table("posts").is_some_and(|table| !table.incoming.is_empty())).await;
}

#[tokio::test]
async fn relations_are_followed_both_ways_and_two_deep() {
    let app = TestApp::start().await;
    adopt_all(&app).await;
    let anyone = app.anonymous();
    let asked = [("sort", "n"), ("limit", "6"), ("expand", "author,comments.writer"), ("fields", "n")];
    let page = anyone.get(&records("posts", &asked)).await.expect_status(200);
    page.clone().expect_unsaid(&["secret"]);
    let items = page.items();
    let author = |n: i64| json!({"id": n, "name": format!("author {n}"), "boss": (n > 1).then(|| (n - 1).to_string()), "country": "x"});
    assert_eq!(items[0]["expand"]["author"], author(1));
    assert_eq!(items[4]["expand"]["author"], Value::Null, "{page}");
    assert_eq!(items[5]["expand"]["author"], author(1));
    let comments = items[0]["expand"]["comments"].as_array().expect("many");
    assert_eq!(comments.len(), 3);
    assert_eq!(comments[0]["expand"]["writer"], author(2));
    let one = items[0]["n"].as_i64();
    assert_eq!(one, Some(1));
    // The same through a read by key.
    let id = anyone.get(&records("posts", &[("filter", "n = 1")])).await.items()[0]["id"].clone();
    let path = format!("/v1/records/posts/{}?expand=comments.writer,author", id.as_str().expect("an id"));
    let got = anyone.get(&path).await.expect_status(200).json();
    assert_eq!(got["expand"]["comments"], items[0]["expand"]["comments"]);
    assert_eq!(got["expand"]["author"], author(1));
}

#[tokio::test]
async fn many_are_cut_at_a_hundred_and_stay_in_order() {
    let app = TestApp::start().await;
    adopt_all(&app).await;
    let anyone = app.anonymous();
    let asked = [("expand", "posts_via_editor"), ("sort", "-id"), ("limit", "2")];
    let page = anyone.get(&records("authors", &asked)).await.expect_status(200);
    let many = page.items()[0]["expand"]["posts_via_editor"].as_array().expect("many").clone();
    assert_eq!(many.len(), 100);
    let ids: Vec<&str> = many.iter().filter_map(|post| post["id"].as_str()).collect();
    assert!(ids.is_sorted(), "by their key");
    assert_eq!(page.items()[1]["expand"]["posts_via_editor"], json!([]));
}

#[tokio::test]
async fn a_level_is_one_statement() {
    let app = TestApp::start().await;
    let preloaded = app.sql_value("select current_setting('shared_preload_libraries') as libraries").await;
    if !preloaded.is_some_and(|libraries| libraries.contains("pg_stat_statements")) {
        println!("skipped: this Postgres does not count statements");
        return;
    }
    app.sql("create extension pg_stat_statements").await;
    adopt_all(&app).await;
    let calls = async || -> i64 {
        let query =
            "select sum(calls)::int8 as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
             where d.datname = current_database() and query ~ 'from \"public\"\\.'";
        app.sql_value(query).await.and_then(|calls| calls.parse().ok()).unwrap_or(0)
    };
    let anyone = app.anonymous();
    for (expand, statements) in [
        ("author", 2),
        ("comments", 2),
        ("author,editor", 3),
        ("comments.writer", 3),
        ("comments.writer,author", 4),
        ("author.posts_via_editor", 3),
    ] {
        let before = calls().await;
        let page =
            anyone.get(&records("posts", &[("limit", "200"), ("sort", "n"), ("expand", expand)])).await;
        assert_eq!(page.expect_status(200).items().len(), 200);
        assert_eq!(calls().await - before, statements, "expand={expand}");
    }
}

#[tokio::test]
async fn what_the_caller_may_not_view_is_not_there() {
    let app = TestApp::start().await;
    adopt_all(&app).await;
    set_rule(&app, "authors", "view", Some("name != 'author 1'")).await;
    set_rule(&app, "comments", "view", Some("public")).await;
    let anyone = app.anonymous();
    let asked = [("sort", "n"), ("limit", "2"), ("expand", "author,comments")];
    let page = anyone.get(&records("posts", &asked)).await.expect_status(200).expect_unsaid(&["author 1\""]);
    let items = page.items();
    assert_eq!(items[0]["expand"]["author"], Value::Null);
    assert_eq!(items[1]["expand"]["author"]["name"], "author 2");
    assert_eq!(items[0]["expand"]["comments"].as_array().map(Vec::len), Some(2));
    // A list of authors is not guarded by the view rule, a relation is.
    set_rule(&app, "authors", "view", None).await;
    let page = anyone.get(&records("posts", &asked)).await.expect_status(200).expect_unsaid(&["\"author "]);
    assert_eq!(page.items()[1]["expand"]["author"], Value::Null);
    assert_eq!(anyone.get(&records("authors", &[])).await.items().len(), 9);
}

#[tokio::test]
async fn a_path_through_a_relation_sees_what_the_caller_may_view_and_a_rule_sees_all() {
    let app = TestApp::start().await;
    adopt_all(&app).await;
    set_rule(&app, "authors", "view", Some("name != 'author 1'")).await;
    let anyone = app.anonymous();
    let numbers = async |filter: &str| {
        let asked = [("filter", filter), ("sort", "n"), ("limit", "7"), ("fields", "n")];
        let page = anyone.get(&records("posts", &asked)).await.expect_status(200);
        page.items().iter().filter_map(|row| row["n"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("author.name = 'author 1'").await, [0i64; 0]);
    assert_eq!(numbers("author.name != 'author 2' and n < 8").await, [3, 4]);
    assert_eq!(numbers("author.name = null and n < 8").await, [1, 5, 6]);
    assert_eq!(numbers("exists(authors, id = $.author) and n < 8").await, [2, 3, 4, 7]);
    assert_eq!(numbers("exists(authors, name = 'author 1')").await, [0i64; 0]);
    assert_eq!(numbers("author = 1 and n < 8").await, [1, 6]);
    // The rule may use what the caller may not see.
    set_rule(&app, "posts", "list", Some("author.name = 'author 1' or author.secret = 'x'")).await;
    assert_eq!(numbers("n < 8").await, [1, 6]);
    assert_eq!(numbers("n < 8 and author.name = 'author 1'").await, [0i64; 0]);
    set_rule(
        &app,
        "posts",
        "list",
        Some("exists(authors, id = $.author and secret = 'secret' and name = 'author 1')"),
    )
    .await;
    assert_eq!(numbers("n < 8").await, [1, 6]);
    // Nobody may view authors: through a filter there are none.
    set_rule(&app, "posts", "list", Some("")).await;
    set_rule(&app, "authors", "view", None).await;
    assert_eq!(numbers("author.name != null").await, [0i64; 0]);
    assert_eq!(numbers("exists(authors, true)").await, [0i64; 0]);
}

#[tokio::test]
async fn keys_are_equal_where_postgres_says_so() {
    let app = TestApp::start().await;
    let open = Settings::open;
    let rates = "create table rates (id numeric primary key); insert into rates values (1.00), (2.5)";
    adopt(&app, "rates", rates, open()).await;
    let codes = "create table codes (id char(4) primary key); insert into codes values ('ab'), ('c')";
    adopt(&app, "codes", codes, open()).await;
    let bigs = "create table bigs (id bigint primary key); insert into bigs values (1), (5000000000)";
    adopt(&app, "bigs", bigs, open()).await;
    let uses = "
        create table uses (id int primary key, rate numeric references rates, code char(8) references codes, big int references bigs);
        insert into uses values (1, 1.0, 'ab', 1), (2, 1.000, 'ab', 1), (3, 2.50, null, null);";
    adopt(&app, "uses", uses, open()).await;
    app.schema_seen(|snapshot| {
        ["rates", "codes", "bigs"]
            .iter()
            .all(|name| snapshot.table(name).is_some_and(|table| !table.incoming.is_empty()))
    })
    .await;
    let anyone = app.anonymous();
    let page = anyone.get(&records("uses", &[("expand", "rate,code,big"), ("sort", "id")])).await;
    let items = page.expect_status(200).items();
    for use_ in &items[..2] {
        assert_eq!(
            use_["expand"],
            json!({"rate": {"id": "1.00"}, "code": {"id": "ab  "}, "big": {"id": "1"}})
        );
    }
    assert_eq!(items[2]["expand"], json!({"rate": {"id": "2.5"}, "code": null, "big": null}));
    for collection in ["rates", "codes", "bigs"] {
        let page = anyone.get(&records(collection, &[("expand", "uses"), ("sort", "id")])).await;
        let first = page.expect_status(200).items()[0]["expand"]["uses"].clone();
        let ids: Vec<_> = first.as_array().expect("many").iter().map(|row| row["id"].clone()).collect();
        assert_eq!(ids, [1, 2], "{collection}");
    }
}

#[tokio::test]
async fn what_one_request_finds_is_bounded() {
    let app = TestApp::start().await;
    let roots = "create table roots (id int primary key, big text); insert into roots values (1, repeat('x', 1 << 20))";
    adopt(&app, "roots", roots, Settings::open()).await;
    let boughs = "
        create table boughs (id int primary key, root int references roots);
        insert into boughs select n, 1 from generate_series(1, 100) n;";
    adopt(&app, "boughs", boughs, Settings::open()).await;
    let leaves = "
        create table leaves (id int primary key, bough int references boughs);
        create index on leaves (bough);
        insert into leaves select n, 1 + n % 100 from generate_series(1, 10000) n;";
    adopt(&app, "leaves", leaves, Settings::open()).await;
    app.schema_seen(|snapshot| {
        ["roots", "boughs"]
            .iter()
            .all(|name| snapshot.table(name).is_some_and(|table| !table.incoming.is_empty()))
    })
    .await;
    let anyone = app.anonymous();
    let leaves = anyone.get(&records("boughs", &[("expand", "leaves"), ("limit", "99")])).await;
    assert_eq!(leaves.expect_status(200).items()[98]["expand"]["leaves"].as_array().map(Vec::len), Some(100));
    // 100 boughs and their 10,000 leaves; a row of a MiB that 100 rows point at.
    let many = [("fields", "id"), ("expand", "boughs.leaves")];
    let shared = [("expand", "root"), ("limit", "40")];
    for (collection, asked) in [("roots", many), ("boughs", shared)] {
        let refused = anyone.get(&records(collection, &asked)).await.expect_status(400);
        let problem = refused.expect_problem("invalid_parameter");
        assert_eq!(problem.errors[0].pointer, "?expand", "{refused}");
        assert!(problem.hint.is_some_and(|hint| hint.contains("limit")), "{refused}");
    }
    let fewer = anyone.get(&records("boughs", &[("expand", "root"), ("limit", "20")])).await;
    assert_eq!(fewer.expect_status(200).items().len(), 20);
}
