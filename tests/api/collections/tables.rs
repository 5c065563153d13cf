//! `GET /v1/tables`

use annex_tests::TestApp;
use serde_json::{Value, json};

const DATABASE: &str = r#"
    create schema shop;
    create table shop."Order Lines" (id int, "lineNo" smallint, note varchar(20) not null, primary key (id, "lineNo"));
    insert into shop."Order Lines" select n, 1, 'x' from generate_series(1, 500) n;
    analyze shop."Order Lines";
    create table public.fresh (id int primary key);
    insert into public.fresh values (1), (2), (3);
    create table public.days (id int, day date, primary key (id, day)) partition by range (day);
    create table public.days_old partition of public.days for values from ('2000-01-01') to ('2020-01-01');
    insert into public.days select n, '2001-01-01' from generate_series(1, 40) n;
    analyze public.days_old;
    create table public.keyless (a int not null, b int);
    create view public.notes as select id, note from shop."Order Lines";
    create materialized view public.kept as select 1 as one;
    create type public.pair as (a int, b int);
    create table public.composed (id int primary key, p public.pair, fine text);
    create table public."a,b" ("x,y" int primary key);
    create table public."dot.ted" (id int primary key);
    create table public.users (id int primary key);
    create table public."Posts" (id int primary key);
    create sequence public.counter;
"#;

async fn tables(app: &TestApp) -> Vec<Value> {
    app.admin().await.get("/v1/tables").await.expect_status(200).items()
}

fn named<'a>(tables: &'a [Value], table: &str) -> &'a Value {
    tables.iter().find(|found| found["table"] == table).unwrap_or_else(|| panic!("no {table} in {tables:?}"))
}

#[tokio::test]
async fn tables_that_are_no_collections_are_listed_as_they_are() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
    app.sql(DATABASE).await;
    let listed = tables(&app).await;
    let names: Vec<&str> = listed.iter().map(|table| table["table"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "public.Posts",
            "public.a,b",
            "public.composed",
            "public.days",
            "public.\"dot.ted\"",
            "public.fresh",
            "public.kept",
            "public.keyless",
            "public.notes",
            "public.users",
            "shop.Order Lines",
        ],
        "no collection, no partition, no sequence, nothing of Annex or Postgres"
    );
    let lines = named(&listed, "shop.Order Lines");
    assert_eq!(
        json!([lines["schema"], lines["name"], lines["kind"]]),
        json!(["shop", "Order Lines", "table"])
    );
    assert_eq!(lines["collection"], "order_lines");
    assert_eq!(lines["primary_key"], json!(["id", "lineNo"]));
    assert_eq!(
        lines["columns"],
        json!([
            {"name": "id", "type": "integer", "required": true},
            {"name": "lineNo", "type": "smallint", "required": true},
            {"name": "note", "type": "character varying(20)", "required": true},
        ])
    );
    assert_eq!(lines["estimated_rows"], 500);
    assert!(lines["size_bytes"].as_i64().unwrap() > 8192, "{lines}");
    let days = named(&listed, "public.days");
    assert_eq!((&days["kind"], &days["estimated_rows"]), (&json!("partitioned_table"), &json!(40)));
    assert!(days["size_bytes"].as_i64().unwrap() > 0, "the size of its partitions: {days}");
    let notes = named(&listed, "public.notes");
    assert_eq!(
        json!([notes["kind"], notes["estimated_rows"], notes["size_bytes"]]),
        json!(["view", null, null])
    );
    assert_eq!(named(&listed, "public.kept")["kind"], "materialized_view");
}

#[tokio::test]
async fn a_table_is_told_to_be_adoptable_exactly_where_it_is_adopted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
    app.sql(DATABASE).await;
    let listed = tables(&app).await;
    let refused: Vec<&str> = listed
        .iter()
        .filter(|table| table["adoptable"] == false)
        .map(|table| table["name"].as_str().unwrap())
        .collect();
    assert_eq!(refused, ["Posts", "a,b", "composed", "kept", "keyless", "notes", "users"]);
    for table in &listed {
        let answer = admin.post("/v1/collections/adopt?dry_run=true", json!({"table": table["table"]})).await;
        if table["adoptable"] == true {
            assert_eq!(table["refusal"], Value::Null);
            let plan = answer.expect_status(200).json();
            assert_eq!(plan["collections"][0]["name"], table["collection"]);
            continue;
        }
        let problem = answer.json();
        for member in ["code", "detail", "hint"] {
            assert_eq!(table["refusal"][member], problem[member], "{member} of {table}");
        }
        assert_eq!(&table["refusal"]["errors"], problem.get("errors").unwrap_or(&json!([])), "{table}");
    }
    for (table, pointer) in [
        ("public.Posts", "/name"),
        ("public.users", "/name"),
        ("public.keyless", "/primary_key"),
        ("public.notes", "/primary_key"),
        ("public.composed", "/table"),
        ("public.a,b", "/table"),
    ] {
        assert_eq!(named(&listed, table)["refusal"]["errors"][0]["pointer"], pointer, "{table}");
    }
    admin.post("/v1/collections/adopt", json!({"table": "public.\"dot.ted\""})).await.expect_status(201);
    assert!(!tables(&app).await.iter().any(|table| table["name"] == "dot.ted"), "it is a collection now");
}

#[tokio::test]
async fn a_table_that_somebody_has_locked_is_not_waited_for() {
    let app = TestApp::start().await;
    app.sql("create table public.busy (id int primary key); create table public.free (id int primary key)")
        .await;
    let mut other = app.database.connect().await;
    let mut transaction = sqlx::Connection::begin(&mut other).await.unwrap();
    sqlx::query("alter table public.busy add note text").execute(&mut *transaction).await.unwrap();
    let listed = tables(&app).await;
    let busy = named(&listed, "public.busy");
    assert_eq!((&busy["size_bytes"], &busy["adoptable"]), (&Value::Null, &json!(false)));
    assert_eq!(busy["columns"][0]["name"], "id");
    let answer = app.admin().await.post("/v1/collections/adopt", json!({"table": "public.busy"})).await;
    assert_eq!(answer.expect_problem("conflict").detail, busy["refusal"]["detail"].as_str().unwrap());
    assert!(named(&listed, "public.free")["size_bytes"].is_i64());
    transaction.rollback().await.unwrap();
    let free = tables(&app).await;
    let free = named(&free, "public.busy");
    assert!(free["size_bytes"].is_i64() && free["adoptable"] == true, "{free}");
}

#[tokio::test]
async fn tables_are_for_admins() {
    let app = TestApp::start().await;
    app.sql("create table public.canary (secret_column int primary key)").await;
    let answer = app.anonymous().get("/v1/tables").await.expect_status(401);
    answer.expect_unsaid(&["canary", "secret_column"]).expect_problem("unauthenticated");
    let answer = app.user("ada").await.get("/v1/tables").await.expect_status(403);
    answer.expect_unsaid(&["canary", "secret_column"]).expect_problem("forbidden");
    app.admin().await.get("/v1/tables?limit=1").await.expect_problem("invalid_parameter");
}
