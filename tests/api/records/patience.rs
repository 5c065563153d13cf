//! Reads that take long hold up nobody else.

use annex_tests::TestApp;

use super::support::{Settings, adopt};

const NOTES: &str =
    "create table notes (id int primary key, title text); insert into notes values (1, 'one')";
const SLOW: &str = "create view slow as select 1 as id, pg_sleep(8)::text as nap";

#[tokio::test]
async fn slow_reads_by_key_hold_up_no_other_collection() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    adopt(&app, "slow", SLOW, Settings::open().keyed(&["id"])).await;
    let anyone = app.anonymous();
    let slow = || anyone.get("/v1/records/slow/1").into_future();
    let slow_ones = async { tokio::join!(slow(), slow(), slow()) };
    let quick = async {
        app.eventually("they are under way", async || {
            let napping = "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
            app.sql_value(napping).await.as_deref() == Some("true")
        })
        .await;
        anyone.get("/v1/records/notes/1").await
    };
    tokio::select! {
        _ = slow_ones => panic!("the note waited for the slow view"),
        answer = quick => drop(answer.expect_status(200)),
    }
}

#[tokio::test]
async fn a_table_that_is_locked_is_told_and_holds_up_no_other_collection() {
    let app = TestApp::start().await;
    adopt(&app, "notes", NOTES, Settings::open()).await;
    adopt(
        &app,
        "other",
        "create table other (id int primary key); insert into other values (1)",
        Settings::open(),
    )
    .await;
    let mut connection = app.database.connect().await;
    sqlx::raw_sql("begin; lock table notes in access exclusive mode").execute(&mut connection).await.unwrap();
    let anyone = app.anonymous();
    let answer = anyone.get("/v1/records/notes/1").await;
    answer.expect_status(503).expect_problem("overloaded");
    anyone.get("/v1/records/other/1").await.expect_status(200);
    sqlx::raw_sql("rollback").execute(&mut connection).await.unwrap();
    anyone.get("/v1/records/notes/1").await.expect_status(200);
}
