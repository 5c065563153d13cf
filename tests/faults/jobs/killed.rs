//! Workers that are killed, or stopped for longer than they are believed to live: no job is lost, and what each writes is written once.

use std::process::{Child, Stdio};
use std::time::Duration;

use annex_tests::{Program, TestApp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::PgPool;

use super::{expect_all_over, until};

/// `annex worker` as a process of its own; dropped, it is killed.
pub(super) struct WorkerProcess(Child);

impl WorkerProcess {
    pub(super) fn start(app: &TestApp) -> Self {
        let child = Program::command()
            .args(["worker", "--concurrency", "8"])
            .env("ANNEX_DATABASE_URL", app.database.url())
            .env("ANNEX_MAX_CONNECTIONS", "12")
            .env("ANNEX_LOG", "off")
            .stdout(Stdio::null())
            .spawn()
            .expect("the worker can be started");
        Self(child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id() as i32), signal).expect("the worker runs");
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Jobs that each write a row that is only ever added to.
async fn enqueue_witnesses(pool: &PgPool, count: i32) {
    for statement in [
        "create table public.witness (n integer, at timestamptz default clock_timestamp())",
        "create function public.bear_witness(n integer) returns void language sql
            as 'select pg_sleep(0.003); insert into public.witness (n) values (bear_witness.n)'",
        "comment on function public.bear_witness is '@job'",
    ] {
        sqlx::query(statement).execute(pool).await.expect("it can be made");
    }
    sqlx::query(
        "select count(*) from annex.enqueue_jobs((
            select jsonb_agg(jsonb_build_object('kind', 'sql.function',
                'args', jsonb_build_object('function', 'public.bear_witness', 'args', jsonb_build_object('n', n))))
            from generate_series(1, $1) n))",
    )
    .bind(count)
    .execute(pool)
    .await
    .expect("jobs can be enqueued");
}

async fn expect_witnessed_once(app: &TestApp, count: i64) {
    let pool = &app.inside().db.pool;
    let seen: (i64, i64) = sqlx::query_as("select count(*), count(distinct n) from public.witness")
        .fetch_one(pool)
        .await
        .expect("it is there");
    assert_eq!(seen, (count, count), "rows, and different ones");
    let outcomes: Vec<(String, i64)> =
        sqlx::query_as("select outcome, count(*) from annex.attempts where final group by 1 order by 1")
            .fetch_all(pool)
            .await
            .expect("attempts can be counted");
    assert_eq!(outcomes, [("succeeded".to_owned(), count)]);
    expect_all_over(app).await;
}

#[tokio::test]
async fn no_job_is_lost_and_none_done_twice_while_workers_are_killed() {
    const JOBS: i32 = 6000;
    let app = TestApp::start().await;
    let pool = &app.inside().db.pool;
    enqueue_witnesses(pool, JOBS).await;
    let mut workers = vec![WorkerProcess::start(&app), WorkerProcess::start(&app)];
    let mut kills = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let left: i64 = sqlx::query_scalar("select $1 - count(*) from annex.attempts where final")
            .bind(i64::from(JOBS))
            .fetch_one(pool)
            .await
            .expect("attempts can be counted");
        if left == 0 || kills == 12 {
            break;
        }
        let killed = workers.remove(0);
        killed.signal(Signal::SIGKILL);
        drop(killed);
        workers.push(WorkerProcess::start(&app));
        kills += 1;
    }
    until(pool, "select count(*) = 6000 from annex.attempts where final").await;
    assert!(kills >= 2, "the jobs were done before anything was killed");
    let lost: i64 = sqlx::query_scalar("select count(*) from annex.attempts where outcome = 'lost'")
        .fetch_one(pool)
        .await
        .expect("attempts can be counted");
    assert!(lost > 0, "a worker that is killed leaves jobs behind");
    expect_witnessed_once(&app, i64::from(JOBS)).await;
}

#[tokio::test]
async fn a_worker_that_slept_past_its_life_changes_nothing_any_more() {
    const JOBS: i32 = 400;
    let app = TestApp::start().await;
    let pool = &app.inside().db.pool;
    enqueue_witnesses(pool, JOBS).await;
    let sleeper = WorkerProcess::start(&app);
    until(pool, "select exists (select from annex.leases)").await;
    sleeper.signal(Signal::SIGSTOP);
    let held: Value = sqlx::query_scalar("select to_jsonb(array(select id from annex.leases))")
        .fetch_one(pool)
        .await
        .expect("leases");
    until(pool, "select not exists (select from annex.leases)").await;
    let other = WorkerProcess::start(&app);
    until(pool, "select count(*) = 400 from annex.attempts where final").await;
    // It finds out, and goes on as another.
    sleeper.signal(Signal::SIGCONT);
    drop(other);
    until(pool, "select count(*) >= 2 from annex.workers").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(held, serde_json::json!([]));
    expect_witnessed_once(&app, i64::from(JOBS)).await;
}
