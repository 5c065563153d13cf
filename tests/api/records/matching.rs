//! `PATCH` and `DELETE` of a collection: every row that matches and that the caller may write, in one statement.

use annex_tests::{Answer, Client, TestApp};
use serde_json::{Value, json};

use super::support::{Settings, adopt, one_waits, records, run, set_rule};

const TASKS: &str = "
    create type state as enum ('open', 'done', 'gone');
    create table tasks (id int primary key, owner uuid, title text not null, state state not null default 'open', points int,
        parent int references tasks, code int unique, constraint tasks_points check (points < 100));
    create index tasks_search on tasks using gin (to_tsvector('simple', title));
    insert into tasks select n, null, case when n % 2 = 0 then 'even' else 'odd' end || ' number ' || n, 'open', n from generate_series(1, 10) n;";

async fn app(settings: Settings) -> TestApp {
    let app = TestApp::start().await;
    adopt(&app, "tasks", TASKS, settings).await;
    app
}

fn matching(parameters: &[(&str, &str)]) -> String {
    records("tasks", parameters)
}

async fn change(client: &Client, filter: &str, body: Value) -> Answer {
    client.patch(&matching(&[("filter", filter)]), body).await
}

async fn delete(client: &Client, filter: &str) -> Answer {
    client.delete(&matching(&[("filter", filter)])).await
}

#[track_caller]
fn expect_count(answer: Answer, count: u64) {
    assert_eq!(answer.clone().expect_status(200).json(), json!({"count": count}), "{answer}");
}

/// The ids of the rows for which the condition holds.
async fn ids(app: &TestApp, condition: &str) -> String {
    let query =
        format!("select coalesce(string_agg(id::text, ',' order by id), '') from tasks where {condition}");
    app.sql_value(&query).await.unwrap_or_default()
}

#[tokio::test]
async fn every_row_that_matches_is_changed_and_no_other() {
    let app = app(Settings::open()).await;
    let anyone = app.anonymous();
    let filtered = matching(&[("filter", "points > 7"), ("dry_run", "true")]);
    expect_count(anyone.patch(&filtered, json!({"state": "done"})).await, 3);
    assert_eq!(ids(&app, "state = 'done'").await, "");
    expect_count(change(&anyone, "points > 7", json!({"state": "done", "points": null})).await, 3);
    assert_eq!(ids(&app, "state = 'done' and points is null").await, "8,9,10");
    expect_count(anyone.patch(&matching(&[("search", "odd")]), json!({"points": 1})).await, 5);
    assert_eq!(ids(&app, "points = 1").await, "1,3,5,7,9");
    let both = matching(&[("search", "even"), ("filter", "state = 'open'")]);
    expect_count(anyone.patch(&both, json!({"state": "gone"})).await, 3);
    assert_eq!(ids(&app, "state = 'gone'").await, "2,4,6");
    // Nothing is named: nothing changes, and the rows are counted.
    expect_count(change(&anyone, "id < 3", json!({})).await, 2);
    expect_count(change(&anyone, "id > 10", json!({"points": 1})).await, 0);
    expect_count(change(&anyone, "true", json!({"title": "all"})).await, 10);
    assert_eq!(ids(&app, "title <> 'all'").await, "");

    expect_count(anyone.delete(&matching(&[("filter", "id < 4"), ("dry_run", "true")])).await, 3);
    expect_count(delete(&anyone, "id < 4").await, 3);
    expect_count(anyone.delete(&matching(&[("search", "nothing")])).await, 0);
    assert_eq!(ids(&app, "true").await, "4,5,6,7,8,9,10");
    expect_count(delete(&anyone, "true").await, 7);
    assert_eq!(ids(&app, "true").await, "");
}

#[tokio::test]
async fn which_rows_are_meant_must_be_said() {
    let app = app(Settings::open()).await;
    let anyone = app.anonymous();
    for parameters in [&[][..], &[("filter", "")], &[("filter", "  ")], &[("dry_run", "true")]] {
        for answer in [
            anyone.patch(&matching(parameters), json!({"points": 0})).await,
            anyone.delete(&matching(parameters)).await,
        ] {
            let problem = answer.expect_status(400).expect_problem("invalid_parameter");
            assert_eq!(problem.errors[0].pointer, "?filter");
            assert!(problem.hint.is_some_and(|hint| hint.contains("filter=true")));
        }
    }
    for (name, value) in [
        ("limit", "1"),
        ("sort", "id"),
        ("cursor", "x"),
        ("expand", "parent"),
        ("dry_run", "yes"),
        ("filter", "nope = 1"),
    ] {
        let parameters = [("search", "odd"), (name, value)];
        anyone.patch(&matching(&parameters), json!({"points": 0})).await.expect_status(400);
        anyone.delete(&matching(&parameters)).await.expect_status(400);
    }
    // A version is that of one row.
    let path = matching(&[("filter", "true")]);
    anyone
        .delete(&path)
        .header("if-match", "\"1\"")
        .await
        .expect_status(412)
        .expect_problem("precondition_failed");
    anyone.patch(&path, json!({"points": 0})).header("if-match", "\"1\"").await.expect_status(412);
    for body in
        [json!([]), json!({"nope": 1}), json!({"id": 1}), json!({"points": "x"}), json!({"title": null})]
    {
        change(&anyone, "true", body).await.expect_status(422).expect_problem("validation_failed");
    }
    assert_eq!(ids(&app, "points = id").await, "1,2,3,4,5,6,7,8,9,10");
    expect_count(anyone.patch(&path, json!({"points": 0})).header("if-match", "*").await, 10);
}

#[tokio::test]
async fn only_rows_that_a_list_would_have_are_looked_at() {
    let settings = Settings::open().rule("list", "points > 5").rule("view", "false");
    let app = app(settings).await;
    let anyone = app.anonymous();
    for dry_run in ["true", "false"] {
        let path = matching(&[("filter", "title like '%number%'"), ("dry_run", dry_run)]);
        expect_count(anyone.patch(&path, json!({"state": "done"})).await, 5);
        let hidden = matching(&[("filter", "points < 6"), ("dry_run", dry_run)]);
        expect_count(anyone.patch(&hidden, json!({"state": "done"})).await, 0);
        expect_count(anyone.delete(&hidden).await, 0);
        // Nor can they be told by rows that may be listed.
        let related = matching(&[("filter", "exists(tasks, points < 6)"), ("dry_run", dry_run)]);
        expect_count(anyone.patch(&related, json!({"state": "done"})).await, 0);
    }
    assert_eq!(ids(&app, "state = 'done'").await, "6,7,8,9,10");
    expect_count(delete(&anyone, "true").await, 5);
    assert_eq!(ids(&app, "true").await, "1,2,3,4,5");
}

#[tokio::test]
async fn a_rule_that_denies_leaves_rows_out() {
    let app =
        app(Settings::open().rule("update", "points > 8").rule("delete", "points = 3 or points = 4")).await;
    let anyone = app.anonymous();
    expect_count(
        anyone.patch(&matching(&[("filter", "true"), ("dry_run", "true")]), json!({"state": "done"})).await,
        2,
    );
    expect_count(change(&anyone, "true", json!({"state": "done"})).await, 2);
    assert_eq!(ids(&app, "state = 'done'").await, "9,10");
    expect_count(anyone.delete(&matching(&[("filter", "id > 3"), ("dry_run", "true")])).await, 1);
    expect_count(delete(&anyone, "id > 3").await, 1);
    assert_eq!(ids(&app, "true").await, "1,2,3,5,6,7,8,9,10");
    for rule in [None, Some("\"nobody\" in @user.roles")] {
        for kind in ["update", "delete"] {
            set_rule(&app, "tasks", kind, rule).await;
        }
        expect_count(change(&anyone, "true", json!({"state": "gone"})).await, 0);
        expect_count(delete(&anyone, "true").await, 0);
    }
    assert_eq!(ids(&app, "state = 'gone'").await, "");
    let admin = app.admin().await;
    expect_count(change(&admin, "true", json!({"state": "gone"})).await, 9);
    expect_count(delete(&admin, "true").await, 9);
}

#[tokio::test]
async fn what_a_rule_says_of_the_new_row_counts_for_all_or_none() {
    let own = "owner = @user.id and @new.owner = owner and @new.points < 50";
    let app = app(Settings::open().rule("update", own)).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let owners = format!(
        "update tasks set owner = case when id < 4 then '{}'::uuid when id < 7 then '{}'::uuid end",
        ada.id(),
        bob.id()
    );
    app.sql(&owners).await;
    // Those of others are passed over; hers stay hers.
    expect_count(change(&ada, "true", json!({"state": "done"})).await, 3);
    expect_count(change(&ada, "true", json!({"owner": ada.id()})).await, 3);
    assert_eq!(ids(&app, "state = 'done'").await, "1,2,3");
    for (body, filter, refused) in [
        (json!({"owner": bob.id()}), "true", "3 of the rows"),
        (json!({"owner": null}), "id > 2", "1 of the rows"),
        (json!({"state": "gone", "points": 60}), "id != 2", "2 of the rows"),
    ] {
        for dry_run in ["true", "false"] {
            let path = matching(&[("filter", filter), ("dry_run", dry_run)]);
            let answer = ada.patch(&path, body.clone()).await.expect_status(403);
            let problem = answer.expect_problem("forbidden");
            assert!(problem.detail.contains(refused), "{answer}");
            answer.expect_unsaid(&["select", "@new", bob.id()]);
        }
    }
    expect_count(change(&ada, "id > 3", json!({"owner": ada.id()})).await, 0);
    expect_count(change(&app.anonymous(), "true", json!({"points": 0})).await, 0);
    assert_eq!(ids(&app, &format!("owner = '{}' and points = id", ada.id())).await, "1,2,3");
    assert_eq!(ids(&app, &format!("owner = '{}' and points = id", bob.id())).await, "4,5,6");
    assert_eq!(ids(&app, "state = 'gone'").await, "");

    // One bad row among good ones, and none is changed.
    set_rule(&app, "tasks", "update", Some("@new.points >= points")).await;
    let problem = change(&app.anonymous(), "true", json!({"points": 9})).await.expect_status(401);
    problem.expect_problem("unauthenticated");
    change(&ada, "true", json!({"points": 9})).await.expect_status(403);
    assert_eq!(ids(&app, "points = id").await, "1,2,3,4,5,6,7,8,9,10");
    expect_count(change(&ada, "points < 9", json!({"points": 9})).await, 8);
}

#[tokio::test]
async fn a_rule_may_let_a_row_become_what_it_would_not_let_it_stay() {
    let publish = "state = 'open' and @new.state = 'done'";
    let app = app(Settings::open().rule("update", publish)).await;
    app.sql("update tasks set state = 'gone' where id > 6").await;
    let anyone = app.anonymous();
    expect_count(change(&anyone, "true", json!({"points": 0})).await, 0);
    expect_count(change(&anyone, "id != 1", json!({"state": "done"})).await, 5);
    assert_eq!(ids(&app, "state = 'done'").await, "2,3,4,5,6");
    expect_count(change(&anyone, "true", json!({"state": "done"})).await, 1);
}

#[tokio::test]
async fn the_rows_of_others_are_as_if_they_were_not() {
    let owned = "owner = @user.id";
    let settings = Settings::open()
        .reading(owned)
        .rule("update", "owner = @user.id and @new.owner = owner")
        .rule("delete", owned);
    let app = app(settings).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    app.sql(&format!(
        "update tasks set owner = case when id % 2 = 0 then '{}'::uuid else '{}' end",
        ada.id(),
        bob.id()
    ))
    .await;
    app.sql("update tasks set parent = 1 where id = 2").await;
    for filter in [
        "title like 'odd%'",
        "points = 1",
        "id = 1",
        "parent.id = 1",
        "parent.title != null",
        "exists(tasks, id = 1)",
    ] {
        for dry_run in ["true", "false"] {
            let path = matching(&[("filter", filter), ("dry_run", dry_run)]);
            expect_count(ada.patch(&path, json!({"owner": ada.id()})).await, 0);
            expect_count(ada.delete(&path).await, 0);
        }
    }
    expect_count(ada.patch(&matching(&[("search", "odd")]), json!({"points": 50})).await, 0);
    expect_count(ada.delete(&matching(&[("search", "odd")])).await, 0);
    expect_count(change(&ada, "true", json!({"points": 50})).await, 5);
    assert_eq!(ids(&app, "points = 50").await, "2,4,6,8,10");
    change(&ada, "true", json!({"owner": bob.id()})).await.expect_status(403);
    expect_count(delete(&ada, "true").await, 5);
    assert_eq!(ids(&app, "points = id").await, "1,3,5,7,9");
}

#[tokio::test]
async fn hidden_fields_are_no_part_of_it() {
    let app = app(Settings::open().hiding(&["code", "points"])).await;
    let anyone = app.anonymous();
    for filter in ["code = 1", "points > 3", "parent.points > 3", "exists(tasks, code = null)", "id = points"]
    {
        for answer in [change(&anyone, filter, json!({"title": "x"})).await, delete(&anyone, filter).await] {
            answer.expect_status(400).expect_problem("invalid_expression");
        }
    }
    let answer = change(&anyone, "true", json!({"points": 1})).await.expect_status(422);
    assert_eq!(answer.expect_problem("validation_failed").errors[0].code, "unknown_field");
    assert_eq!(ids(&app, "points = id and title like '%number%'").await, "1,2,3,4,5,6,7,8,9,10");
    expect_count(change(&app.admin().await, "points > 3", json!({"points": 1})).await, 7);
}

#[tokio::test]
async fn a_view_can_be_read_only() {
    let app = app(Settings::open()).await;
    app.sql("create view seen as select * from tasks").await;
    adopt(&app, "seen", "", Settings::open().keyed(&["id"])).await;
    let admin = app.admin().await;
    let path = records("seen", &[("filter", "true")]);
    admin.patch(&path, json!({"points": 1})).await.expect_status(405).expect_problem("method_not_allowed");
    admin.delete(&path).await.expect_status(405).expect_problem("method_not_allowed");
    admin.delete("/v1/records/nope?filter=true").await.expect_status(404);
    assert_eq!(ids(&app, "points = id").await, "1,2,3,4,5,6,7,8,9,10");
}

#[tokio::test]
async fn a_constraint_that_one_row_violates_keeps_all_as_they_are() {
    let app = app(Settings::open()).await;
    app.sql(
        "create table notes (id int primary key, task int references tasks); insert into notes values (1, 3);
             update tasks set parent = 9 where id = 10; update tasks set code = 7 where id = 7",
    )
    .await;
    let anyone = app.anonymous();
    for (filter, body, status, code, pointer) in [
        ("id < 3", json!({"code": 1}), 409, "not_unique", "/code"),
        ("id = 1", json!({"code": 7}), 409, "not_unique", "/code"),
        ("true", json!({"points": 100}), 422, "check", "/points"),
        ("true", json!({"parent": 99}), 422, "no_such_row", "/parent"),
        ("true", json!({"state": "nope"}), 422, "not_a_value", "/state"),
    ] {
        let answer = change(&anyone, filter, body).await.expect_status(status);
        let problem = answer.problem();
        assert_eq!(
            (problem.errors[0].code.as_str(), problem.errors[0].pointer.as_str()),
            (code, pointer),
            "{answer}"
        );
    }
    for filter in ["true", "id > 2 and id < 5", "id = 9"] {
        delete(&anyone, filter).await.expect_status(409).expect_problem("still_referenced");
    }
    assert_eq!(ids(&app, "points = id and (code is null or code = id)").await, "1,2,3,4,5,6,7,8,9,10");
    // Rows that point at each other go together.
    expect_count(delete(&anyone, "id >= 9").await, 2);
}

#[tokio::test]
async fn a_composite_key_with_a_rule_about_the_new_row() {
    let app = TestApp::start().await;
    let ddl = "create table pairs (a text, b int, c int default 0, twice int generated always as (c * 2) stored, primary key (a, b));
               insert into pairs select chr(97 + n / 3), n, n from generate_series(0, 8) n";
    adopt(&app, "pairs", ddl, Settings::open().rule("update", "@new.twice < 20 and @new.c >= c")).await;
    let anyone = app.anonymous();
    let path = records("pairs", &[("filter", "a in ['a', 'b']")]);
    expect_count(anyone.patch(&path, json!({"c": 6})).await, 6);
    assert_eq!(app.sql_value("select sum(c) from pairs").await.as_deref(), Some("57"));
    anyone.patch(&path, json!({"c": 10})).await.expect_status(401);
    assert_eq!(app.sql_value("select sum(c) from pairs").await.as_deref(), Some("57"));
}

#[tokio::test]
async fn a_change_is_made_once_under_a_key() {
    let app = app(Settings::open()).await;
    let anyone = app.anonymous();
    let path = matching(&[("filter", "state = 'open'")]);
    let change = || anyone.patch(&path, json!({"state": "done"})).header("idempotency-key", "k");
    expect_count(change().await.expect_no_header("idempotency-replayed"), 10);
    expect_count(change().await.expect_header("idempotency-replayed", "true"), 10);
    let other = matching(&[("filter", "true")]);
    let other = anyone.patch(&other, json!({"state": "done"})).header("idempotency-key", "k").await;
    other.expect_status(422).expect_problem("idempotency_mismatch");
}

#[tokio::test]
async fn a_row_that_changes_meanwhile_is_judged_as_it_is_then() {
    for rule in ["owner = @user.id", "owner = @user.id and @new.owner = owner"] {
        let app = app(Settings::open()
            .rule("update", rule)
            .rule("delete", rule.split(" and ").next().unwrap_or_default()))
        .await;
        let (ada, bob) = (app.user("ada").await, app.user("bob").await);
        app.sql(&format!("update tasks set owner = '{}'", ada.id())).await;
        let mut other = app.database.connect().await;
        let took = format!(
            "begin; update tasks set owner = '{}' where id = 2; update tasks set points = 90 where id = 3",
            bob.id()
        );
        run(&mut other, &took).await;
        let (changed, ()) = tokio::join!(change(&ada, "points < 50", json!({"state": "done"})), async {
            one_waits(&app).await;
            run(&mut other, "commit").await;
        });
        // One has another owner now, and one does not match any more.
        expect_count(changed, 8);
        assert_eq!(ids(&app, "state = 'open'").await, "2,3");
        run(&mut other, "begin; update tasks set points = 90 where id = 4").await;
        let (deleted, ()) = tokio::join!(delete(&ada, "points < 50"), async {
            one_waits(&app).await;
            run(&mut other, "commit").await;
        });
        expect_count(deleted, 7);
        assert_eq!(ids(&app, "true").await, "2,3,4");
    }
}
