//! `sql.function`, on functions as users write them.

use std::time::Duration;

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{attempt, builder, enqueue, failed, succeeded};

async fn start() -> TestApp {
    let app = builder().start().await;
    app.sql(
        "create schema \"Odd \"\"one\"\"\";
         create table public.witness (at timestamptz not null default clock_timestamp(), what text);
         create type public.pair as (a integer, b text);

         create function public.add(a integer, b integer default 10) returns integer language sql as 'select a + b';
         comment on function public.add is '@job Adds.';
         create function public.shapes(day date, tags text[], p pair, doc jsonb, n numeric, at timestamptz)
             returns jsonb language sql as
             'select jsonb_build_array(day, tags, p, doc, n, at)';
         comment on function public.shapes is '@job';
         create function public.several(lowest integer) returns setof pair language sql as
             $$ select n, 'x' || n from generate_series(lowest, 3) n $$;
         comment on function public.several is '@job';
         create function public.table_of(n integer) returns table (id integer, \"result\" text) language sql as
             $$ select n, 'row' where n > 0 $$;
         comment on function public.table_of is '@job';
         create function public.outs(a integer, out b integer, out c text) language sql as $$ select a + 1, 'c' $$;
         comment on function public.outs is '@job';
         create function public.note(what text) returns void language sql as
             'insert into public.witness (what) values (what)';
         comment on function public.note is '@job';
         create function \"Odd \"\"one\"\"\".\"Do it; drop\"(\"an \"\"arg\" text) returns text language sql as 'select \"an \"\"arg\"';
         comment on function \"Odd \"\"one\"\"\".\"Do it; drop\" is '@job';

         create function public.secret() returns text language sql as 'select current_user::text';
         create function public.jobs() returns integer language sql as 'select 1';
         comment on function public.jobs is '@jobs are something else';
         create function public.over(a integer) returns text language sql as $$ select 'integer' $$;
         create function public.over(a text) returns text language sql as $$ select 'text' $$;
         create function public.over(a text, b text) returns text language sql as $$ select 'two' $$;
         comment on function public.over(integer) is '@job';
         comment on function public.over(text) is '@job';
         comment on function public.over(text, text) is '@job';
         create function public.any_of(a anyelement) returns text language sql as 'select a::text';
         comment on function public.any_of is '@job';
         create function public.many(variadic a integer[]) returns integer language sql as 'select 1';
         comment on function public.many is '@job';
         create aggregate public.total(integer) (sfunc = int4pl, stype = integer);

         create function public.raises(what text) returns void language plpgsql as $$ begin
             insert into public.witness (what) values ('raised');
             if what = 'said' then raise exception 'the till is open'; end if;
             perform 1 / (case when what = 'zero' then 0 end);
             perform from public.nothing;
         end $$;
         comment on function public.raises is '@job';
         create function public.large() returns text language sql as $$ select repeat('x', 1100000) $$;
         comment on function public.large is '@job';
         create function public.slow(seconds double precision) returns void language plpgsql as $$ begin
             insert into public.witness (what) values ('slow');
             perform pg_sleep(seconds);
         end $$;
         comment on function public.slow is '@job';",
    )
    .await;
    app
}

fn call(function: &str, args: Value) -> Value {
    json!({"function": function, "args": args})
}

#[tokio::test]
async fn arguments_and_results_are_json() {
    let app = start().await;
    for (args, expected) in [
        (call("public.add", json!({"a": 1})), json!(11)),
        (call("public.add", json!({"b": 2, "a": "1"})), json!(3)),
        (call("PUBLIC.Add", json!({"a": 1, "b": null})), Value::Null),
        (
            call(
                "public.shapes",
                json!({
                    "day": "2026-01-31", "tags": ["a", null, "b,c"], "p": {"a": 1, "b": "x"}, "doc": {"k": [1, null]},
                    "n": "0.5", "at": "2026-01-31T12:00:00+01:00",
                }),
            ),
            json!(["2026-01-31", ["a", null, "b,c"], {"a": 1, "b": "x"}, {"k": [1, null]}, 0.5,
                "2026-01-31T11:00:00+00:00"]),
        ),
        (call("public.several", json!({"lowest": 2})), json!([{"a": 2, "b": "x2"}, {"a": 3, "b": "x3"}])),
        (call("public.several", json!({"lowest": 9})), json!([])),
        (call("public.table_of", json!({"n": 1})), json!([{"id": 1, "result": "row"}])),
        (call("public.outs", json!({"a": 1})), json!({"b": 2, "c": "c"})),
        (call("public.note", json!({"what": "'); drop table witness; --"})), Value::Null),
        (call("\"Odd \"\"one\"\"\".\"Do it; drop\"", json!({"an \"arg": "x"})), json!("x")),
        (call("public.over", json!({"a": "x", "b": "y"})), json!("two")),
    ] {
        assert_eq!(succeeded(&app, "sql.function", args.clone()).await, expected, "{args}");
    }
    let noted = app.sql_value("select string_agg(what, '|') from public.witness").await;
    assert_eq!(noted.as_deref(), Some("'); drop table witness; --"));
}

#[tokio::test]
async fn only_what_is_meant_for_it_is_called() {
    let app = start().await;
    for (args, expected) in [
        (call("public.secret", json!({})), "there is no function public.secret"),
        (call("public.jobs", json!({})), "there is no function public.jobs"),
        (call("public.nothing", json!({})), "there is no function public.nothing"),
        (call("public.total", json!({})), "there is no function public.total"),
        (call("public.many", json!({"a": [1]})), "there is no function public.many"),
        (call("pg_catalog.pg_sleep", json!({})), "there is no function pg_catalog.pg_sleep"),
        (call("annex.enqueue", json!({"kind": "a"})), "there is no function annex.enqueue"),
        (call("add", json!({"a": 1})), "add is not a function's name with its schema"),
        (call("a.public.add", json!({"a": 1})), "is not a function's name with its schema"),
        (call("public.add(1); select 1", json!({"a": 1})), "is not a function's name with its schema"),
        (call("", json!({})), "is not a function's name with its schema"),
        (call("public.add", json!({})), "add(integer,integer) is called wrongly: it needs a"),
        (call("public.add", json!({"a": 1, "c; drop": 2})), "is called wrongly: it has no c; drop"),
        (call("public.add", json!({"x": 1})), "it needs a; it has no x"),
        (call("public.outs", json!({"a": 1, "b": 2})), "it has no b"),
        (call("public.over", json!({"a": 1})), "several functions public.over have these arguments"),
        (call("public.over", json!({"c": 1})), "there is no function public.over with these arguments"),
    ] {
        let attempt = failed(&app, "sql.function", args.clone(), "invalid_arguments", true).await;
        let message = attempt["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{args}: {message}");
    }
    app.sql("comment on function annex.enqueue is '@job'; comment on function pg_catalog.pg_backend_pid is '@job'").await;
    for function in ["annex.enqueue", "pg_catalog.pg_backend_pid"] {
        let args = call(function, json!({}));
        failed(&app, "sql.function", args, "invalid_arguments", true).await;
    }
}

#[tokio::test]
async fn what_fails_leaves_nothing_behind() {
    let app = start().await;
    let said =
        failed(&app, "sql.function", call("public.raises", json!({"what": "said"})), "raised", false).await;
    assert_eq!(said["error"]["message"], "the till is open");
    for (args, sqlstate) in [
        (call("public.raises", json!({"what": "zero"})), "22012"),
        (call("public.raises", json!({"what": "table"})), "42P01"),
        (call("public.add", json!({"a": "sw0rdfish"})), "22P02"),
        (call("public.any_of", json!({"a": 1})), "42P16"),
    ] {
        let attempt = failed(&app, "sql.function", args, "function_failed", true).await;
        assert_eq!(attempt["error"]["details"], json!({"sqlstate": sqlstate}));
        assert!(!attempt["error"].to_string().contains("sw0rdfish"), "{attempt}");
    }
    failed(&app, "sql.function", call("public.large", json!({})), "result_too_large", true).await;
    assert_eq!(app.sql_value("select count(*) from public.witness").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_function_has_its_time() {
    let app = start().await;
    let args = json!({"function": "public.slow", "args": {"seconds": 30}, "timeout_seconds": 1});
    let attempt = failed(&app, "sql.function", args, "function_failed", false).await;
    assert_eq!(attempt["error"]["details"]["sqlstate"], "57014");
    assert_eq!(app.sql_value("select count(*) from public.witness").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_function_ends_with_its_job() {
    let app = start().await;
    let job = enqueue(
        &app,
        "sql.function",
        &call("public.slow", json!({"seconds": 50})),
        json!({"timeout_seconds": 1}),
    )
    .await;
    assert_eq!(attempt(&app, job).await["error"]["code"], "timeout");
    app.eventually("the statement is cancelled", || async {
        let running = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
        app.sql_value(running).await.as_deref() == Some("0")
    })
    .await;
    assert_eq!(app.sql_value("select count(*) from public.witness").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn functions_that_last_leave_room_for_others() {
    let app = start().await;
    for _ in 0..20 {
        // Longer than anybody waits for a connection.
        enqueue(&app, "sql.function", &call("public.slow", json!({"seconds": 30})), json!({})).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let admin = app.admin().await;
    admin.get("/v1/outbox").await.expect_status(200);
    app.sql("select annex.cancel_jobs(array(select id from annex.jobs))").await;
}
