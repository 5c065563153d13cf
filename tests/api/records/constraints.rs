//! What the database refuses is told as the fault of a field.

use annex_tests::{Answer, TestApp};
use serde_json::json;

use super::support::{Settings, adopt};

#[track_caller]
fn told(answer: Answer, status: u16, code: &str, places: &[(&str, &str)]) {
    let answer = answer.expect_status(status);
    let problem = answer.expect_problem(code);
    let mut found: Vec<(&str, &str)> =
        problem.errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
    found.sort_unstable();
    assert_eq!(found, places, "{answer}");
    answer.expect_unsaid(&["insert into", "violates", "$1", "DETAIL"]);
}

#[tokio::test]
async fn violations_are_told_by_their_fields() {
    let app = TestApp::start().await;
    adopt(
        &app,
        "teams",
        "create table teams (id int primary key, name text); insert into teams values (1, 'a')",
        Settings::open(),
    )
    .await;
    let ddl = r#"
        create table people (
            id int primary key, email text unique, team int references teams, age int check (age > 0), "First/name" text, "Last~name" text,
            starts int, ends int, boss int references people, code text not null default 'x',
            unique ("First/name", "Last~name"), check (starts < ends), exclude using gist (int4range(starts, ends) with &&) where (starts > 0)
        );
        create unique index people_code on people (lower(code)) where code <> 'x';
        insert into people values (1, 'a@b', 1, 5, 'Ada', 'L', 1, 5, null), (2, 'c@d', null, 5, null, null, 10, 20, 1);"#;
    adopt(&app, "people", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let post = async |body| anyone.post("/v1/records/people", body).await;
    told(post(json!({"id": 1})).await, 409, "not_unique", &[("/id", "not_unique")]);
    told(post(json!({"id": 3, "email": "a@b"})).await, 409, "not_unique", &[("/email", "not_unique")]);
    told(
        post(json!({"id": 3, "First/name": "Ada", "Last~name": "L"})).await,
        409,
        "not_unique",
        &[("/First~1name", "not_unique"), ("/Last~0name", "not_unique")],
    );
    told(post(json!({"id": 3, "team": 9})).await, 422, "validation_failed", &[("/team", "no_such_row")]);
    told(post(json!({"id": 3, "boss": 9})).await, 422, "validation_failed", &[("/boss", "no_such_row")]);
    told(post(json!({"id": 3, "age": -1})).await, 422, "validation_failed", &[("/age", "check")]);
    told(post(json!({"id": 3, "starts": 9, "ends": 9})).await, 422, "validation_failed", &[("", "check")]);
    told(post(json!({"id": 3, "starts": 2, "ends": 3})).await, 409, "not_unique", &[]);
    told(post(json!({"id": 3, "code": null})).await, 422, "validation_failed", &[("/code", "required")]);
    told(post(json!({})).await, 422, "validation_failed", &[("/id", "required")]);
    anyone.patch("/v1/records/people/1", json!({"code": "Y"})).await.expect_status(200);
    told(anyone.patch("/v1/records/people/2", json!({"code": "y"})).await, 409, "not_unique", &[]);
    told(
        anyone.patch("/v1/records/people/2", json!({"email": "a@b"})).await,
        409,
        "not_unique",
        &[("/email", "not_unique")],
    );
    told(
        anyone.put("/v1/records/people/2", json!({"team": 9})).await,
        422,
        "validation_failed",
        &[("/team", "no_such_row")],
    );
    // Others point at it.
    told(anyone.delete("/v1/records/teams/1").await, 409, "still_referenced", &[]);
    told(anyone.delete("/v1/records/people/1").await, 409, "still_referenced", &[]);
    anyone.delete("/v1/records/people/2").await.expect_status(204);
    anyone.delete("/v1/records/people/1").await.expect_status(204);
    anyone.delete("/v1/records/teams/1").await.expect_status(204);
}

#[tokio::test]
async fn a_trigger_speaks_by_the_message_that_it_raises_and_by_nothing_else() {
    let app = TestApp::start().await;
    let ddl = "create table vault (id int primary key, word text);
        insert into vault values (1, 'sesame of the vault');
        create table guarded (id int primary key, n int);
        create function guard() returns trigger language plpgsql as $$
        begin
            if new.n = 1 then
                raise exception 'One is not allowed' using
                    detail = 'detail of the database', hint = 'hint of the database',
                    table = 'vault', constraint = 'vault_pkey', schema = 'schema of the database';
            end if;
            if new.n = 2 then raise exception using errcode = 'AN001', message = 'secret of the database'; end if;
            if new.n = 3 then return null; end if;
            if new.n = 4 then perform word::int from vault; end if;
            if new.n = 5 then perform no_such_column from vault; end if;
            if new.n = 6 then perform pg_read_file('/no/such/file'); end if;
            if new.n = 7 then execute 'selec word from vault'; end if;
            return new;
        end $$;
        create trigger guard before insert or update on guarded for each row execute function guard();";
    adopt(&app, "guarded", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let hidden = [
        "detail of",
        "hint of",
        "schema of",
        "secret of",
        "sesame",
        "vault",
        "guard()",
        "PL/pgSQL",
        "AN001",
        "no_such_column",
        "/no/such/file",
        "selec ",
    ];
    let write = async |n: i32| {
        anyone.post("/v1/records/guarded", json!({"id": n, "n": n})).await.expect_unsaid(&hidden)
    };
    let refused = write(1).await.expect_status(422);
    let problem = refused.expect_problem("validation_failed");
    assert_eq!((&*problem.errors[0].code, &*problem.detail), ("refused", "One is not allowed"));
    assert_eq!(problem.hint, None);
    for (n, status) in [(2, 500), (4, 422), (5, 500), (6, 500), (7, 500), (8, 201)] {
        write(n).await.expect_status(status);
    }
    let in_batch =
        json!({"operations": [{"method": "create", "collection": "guarded", "body": {"id": 1, "n": 1}}]});
    let in_batch = anyone.post("/v1/batch", in_batch).await.expect_status(422).expect_unsaid(&hidden);
    in_batch.expect_said("One is not allowed");
}

#[tokio::test]
async fn writes_that_lock_one_another_end() {
    let app = TestApp::start().await;
    let ddl = "create table locks (id int primary key, other int, n int not null default 0);
        insert into locks values (1, 2), (2, 1);
        create function lock_both() returns trigger language plpgsql as $$
        begin
            if pg_trigger_depth() = 1 then perform pg_sleep(0.2); update locks set n = n + 1 where id = new.other; end if;
            return new;
        end $$;
        create trigger lock_both after update on locks for each row execute function lock_both();";
    adopt(&app, "locks", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let (a, b) = tokio::join!(
        anyone.patch("/v1/records/locks/1", json!({"n": 10})).into_future(),
        anyone.patch("/v1/records/locks/2", json!({"n": 10})).into_future(),
    );
    let (done, refused) = if a.status == 200 { (a, b) } else { (b, a) };
    done.expect_status(200);
    refused.expect_status(409).expect_header("retry-after", "1").expect_problem("conflict");
}
