//! A server's worker: what handlers can do, and how attempts end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annex::jobs::{Completed, Context, Job, JobError, Level, Options, Worker};
use annex_tests::{Program, TestApp, TestDatabase};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{attempts, ended, enqueue, enqueue_many, expect_all_over, until};

/// Adds two numbers.
#[derive(Deserialize)]
struct Add {
    a: i64,
    b: i64,
}

impl Job for Add {
    const KIND: &'static str = "test.add";

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        context.progress(0.5, "half of it").await?;
        context.log(Level::Info, "adding").await?;
        Ok(json!(self.a + self.b).into())
    }
}

/// Fails as often as it is told.
#[derive(Deserialize)]
struct Flaky {
    fails: i16,
    #[serde(default)]
    permanent: bool,
    #[serde(default)]
    panics: bool,
}

impl Job for Flaky {
    const KIND: &'static str = "test.flaky";

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        assert!(!self.panics, "told to");
        if self.permanent {
            return Err(JobError::permanent("no_use", "It will never work"));
        }
        if context.attempt() <= self.fails {
            return Err(JobError::retry("Not yet").code("not_yet").after(Duration::from_millis(20)));
        }
        Ok(().into())
    }
}

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// Takes its time, and says in a table when it begins and ends.
#[derive(Deserialize)]
struct Slow {
    seconds: f64,
}

impl Job for Slow {
    const KIND: &'static str = "test.slow";

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        STARTED.fetch_add(1, Ordering::SeqCst);
        let pool = &context.app().db.pool;
        sqlx::query("insert into public.runs (job, began) values ($1, clock_timestamp())")
            .bind(context.job_id())
            .execute(pool)
            .await?;
        tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
        sqlx::query("update public.runs set ended = clock_timestamp() where job = $1")
            .bind(context.job_id())
            .execute(pool)
            .await?;
        Ok(().into())
    }
}

/// Writes a row in the transaction that ends the attempt.
#[derive(Deserialize)]
struct Pay {
    n: i32,
}

impl Job for Pay {
    const KIND: &'static str = "test.pay";

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let mut transaction = context.begin().await?;
        sqlx::query("insert into public.payments (n) values ($1)")
            .bind(self.n)
            .execute(&mut *transaction)
            .await?;
        context.complete(transaction, Some(json!({"paid": self.n}))).await
    }
}

async fn app() -> TestApp {
    let app = TestApp::builder().job::<Add>().job::<Flaky>().job::<Slow>().job::<Pay>().start().await;
    let pool = &app.inside().db.pool;
    sqlx::query("create table public.runs (job uuid, began timestamptz, ended timestamptz)")
        .execute(pool)
        .await
        .expect("a table can be made");
    sqlx::query("create table public.payments (n integer)").execute(pool).await.expect("a table can be made");
    app
}

#[tokio::test]
async fn a_result_progress_and_log_are_kept() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    let job = enqueue(pool, "test.add", json!({"a": 2, "b": 3}), json!({})).await;
    ended(pool, job).await;
    let result: Value = sqlx::query_scalar("select result from annex.attempts where job_id = $1")
        .bind(job)
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(result, json!(5));
    let progress: (f64, String) =
        sqlx::query_as("select progress, message from annex.job_progress where job_id = $1")
            .bind(job)
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!(progress, (0.5, "half of it".to_owned()));
    let log: (String, String) = sqlx::query_as("select level, message from annex.job_logs where job_id = $1")
        .bind(job)
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(log, ("info".to_owned(), "adding".to_owned()));
    expect_all_over(&app).await;
}

#[tokio::test]
async fn a_failure_is_tried_again_until_it_is_given_up() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    let twice = enqueue(pool, "test.flaky", json!({"fails": 2}), json!({})).await;
    let always = enqueue(pool, "test.flaky", json!({"fails": 9}), json!({"max_attempts": 3})).await;
    let never = enqueue(pool, "test.flaky", json!({"fails": 0, "permanent": true}), json!({})).await;
    let panics =
        enqueue(pool, "test.flaky", json!({"fails": 0, "panics": true}), json!({"max_attempts": 1})).await;
    let wrong = enqueue(pool, "test.flaky", json!({"fails": "many"}), json!({})).await;
    for job in [twice, always, never, panics, wrong] {
        ended(pool, job).await;
    }
    let not_yet = |is_final| ("failed".to_owned(), is_final, Some("not_yet".to_owned()));
    assert_eq!(
        attempts(pool, twice).await,
        [not_yet(false), not_yet(false), ("succeeded".to_owned(), true, None)]
    );
    assert_eq!(attempts(pool, always).await, [not_yet(false), not_yet(false), not_yet(true)]);
    let failed = |code: &str| vec![("failed".to_owned(), true, Some(code.to_owned()))];
    assert_eq!(attempts(pool, never).await, failed("no_use"));
    assert_eq!(attempts(pool, panics).await, failed("panic"));
    assert_eq!(attempts(pool, wrong).await, failed("invalid_arguments"));
    expect_all_over(&app).await;
}

#[tokio::test]
async fn what_takes_too_long_or_comes_too_late_fails() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    let long =
        enqueue(pool, "test.slow", json!({"seconds": 60}), json!({"timeout_seconds": 1, "max_attempts": 1}))
            .await;
    let late =
        enqueue(pool, "test.slow", json!({"seconds": 0}), json!({"deadline": "2020-01-01T00:00:00Z"})).await;
    ended(pool, long).await;
    ended(pool, late).await;
    assert_eq!(attempts(pool, long).await, [("failed".to_owned(), true, Some("timeout".to_owned()))]);
    assert_eq!(attempts(pool, late).await, [("failed".to_owned(), true, Some("deadline_passed".to_owned()))]);
    expect_all_over(&app).await;
}

#[tokio::test]
async fn a_job_that_runs_is_stopped_when_it_is_cancelled() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    let job = enqueue(pool, "test.slow", json!({"seconds": 60}), json!({})).await;
    until(pool, "select exists (select from public.runs)").await;
    let asked: i32 =
        sqlx::query_scalar("select annex.cancel_jobs(array[$1])").bind(job).fetch_one(pool).await.unwrap();
    assert_eq!(asked, 1);
    ended(pool, job).await;
    assert_eq!(attempts(pool, job).await, [("cancelled".to_owned(), true, None)]);
    until(pool, "select count(*) = 1 from public.runs where ended is null").await;
    expect_all_over(&app).await;
}

#[tokio::test]
async fn later_is_later_and_the_urgent_comes_first() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    let later = enqueue(pool, "test.add", json!({"a": 1, "b": 1}), json!({"delay_seconds": 0.4})).await;
    let now = enqueue(pool, "test.add", json!({"a": 1, "b": 1}), json!({})).await;
    ended(pool, now).await;
    ended(pool, later).await;
    let early: bool = sqlx::query_scalar(
        "select a.started_at < j.run_at from annex.attempts a join annex.jobs j on j.id = a.job_id where a.job_id = $1",
    )
    .bind(later)
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(!early, "it began before its time");
    expect_all_over(&app).await;
}

#[tokio::test]
async fn no_more_of_a_key_run_at_once_than_its_queue_allows() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    sqlx::query("insert into annex.queues (name, concurrency, key_concurrency) values ('narrow', 5, 2)")
        .execute(pool)
        .await
        .unwrap();
    for key in ["a", "b", "c", "d"] {
        for _ in 0..6 {
            enqueue(pool, "test.slow", json!({"seconds": 0.05}), json!({"queue": "narrow", "key": key}))
                .await;
        }
    }
    until(pool, "select count(*) = 24 from annex.attempts where final").await;
    let most: (i64, i64) = sqlx::query_as(
        "select max((select count(*) from public.runs o where o.began <= r.began and o.ended > r.began)),
            max((select count(*) from public.runs o join annex.jobs oj on oj.id = o.job
                where oj.key = j.key and o.began <= r.began and o.ended > r.began))
        from public.runs r join annex.jobs j on j.id = r.job",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!((2..=5).contains(&most.0), "{most:?}");
    assert_eq!(most.1, 2, "{most:?}");
    expect_all_over(&app).await;
}

#[tokio::test]
async fn no_more_start_within_a_period_than_its_queue_allows() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    sqlx::query("insert into annex.queues (name, rate, rate_period) values ('steady', 5, '400 ms')")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("insert into annex.queues (name, key_rate, key_rate_period) values ('fair', 3, '400 ms')")
        .execute(pool)
        .await
        .unwrap();
    for n in 0..18 {
        enqueue(pool, "test.slow", json!({"seconds": 0}), json!({"queue": "steady"})).await;
        enqueue(
            pool,
            "test.slow",
            json!({"seconds": 0}),
            json!({"queue": "fair", "key": (n % 2).to_string()}),
        )
        .await;
    }
    until(pool, "select count(*) = 36 from annex.attempts where final").await;
    let most: Vec<(String, i64)> = sqlx::query_as(
        "with starts as (select j.queue, j.queue || coalesce(j.key, '') as line, a.started_at as at from annex.attempts a join annex.jobs j on j.id = a.job_id)
        select s.queue, max((select count(*) from starts o
            where o.line = s.line and o.at >= s.at and o.at < s.at + interval '400 ms'))
        from starts s group by 1 order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(most, [("fair".to_owned(), 3), ("steady".to_owned(), 5)]);
    expect_all_over(&app).await;
}

#[tokio::test]
async fn what_a_handler_writes_with_the_end_of_its_attempt_is_written_once() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    enqueue_many(pool, "test.pay", 200, json!({})).await;
    until(pool, "select count(*) = 200 from annex.attempts where final").await;
    let paid: (i64, i64) = sqlx::query_as("select count(*), count(distinct n) from public.payments")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(paid, (200, 200));
    expect_all_over(&app).await;
}

#[tokio::test]
async fn a_worker_that_ends_gives_its_jobs_back_at_once() {
    let app = app().await;
    let pool = &app.inside().db.pool;
    sqlx::query("insert into annex.queues (name, concurrency) values ('counted', 9)")
        .execute(pool)
        .await
        .unwrap();
    let options = Options { queues: vec!["counted".to_owned(), "other".to_owned()], concurrency: 7 };
    let worker = Worker::start(app.shared(), options);
    for queue in ["counted", "other"] {
        for _ in 0..8 {
            enqueue(pool, "test.slow", json!({"seconds": 60}), json!({"queue": queue})).await;
        }
    }
    until(pool, "select count(*) = 16 from public.runs").await;
    worker.stop(Duration::ZERO).await;
    // All begin again elsewhere, as the same attempt.
    until(pool, "select count(*) >= 17 from public.runs").await;
    let attempts: Vec<i16> =
        sqlx::query_scalar("select distinct u from annex.leases l, unnest(l.attempts) u")
            .fetch_all(pool)
            .await
            .unwrap();
    assert_eq!(attempts, [1]);
    let counted: i32 =
        sqlx::query_scalar("select running from annex.limiters where queue = 'counted' and key = ''")
            .fetch_one(pool)
            .await
            .unwrap();
    assert!(counted <= 9, "{counted}");
}

#[tokio::test]
async fn a_database_that_is_only_migrated_takes_jobs_for_servers() {
    let database = TestDatabase::create_empty().await;
    let mut migrate = Program::command();
    migrate.arg("migrate").env("ANNEX_DATABASE_URL", database.url());
    let ended = migrate.output().expect("the program can be run");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let mut connection = database.connect().await;
    let enqueue = "select annex.enqueue('sql.function', '{\"function\": \"public.nothing\"}')";
    sqlx::query(enqueue).execute(&mut connection).await.unwrap();
    let runner: String =
        sqlx::query_scalar("select runner from annex.jobs").fetch_one(&mut connection).await.unwrap();
    assert_eq!(runner, "@annex");
    drop(connection);
    database.drop_database().await;
}
