//! The functions that move jobs, beside a model of what they should do: random calls, and after each every job is where the model has it, and
//! nowhere else.

use std::collections::BTreeMap;

use annex_tests::TestApp;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Scheduled,
    /// In the line, or beside it because its key is at its limit.
    Ready,
    Running {
        lease: i64,
        position: i32,
        expired: bool,
        cancelled: bool,
    },
    Succeeded,
    Failed,
    Cancelled,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Running { .. } => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone)]
struct Job {
    place: Place,
    queue: &'static str,
    key: Option<&'static str>,
    unique_key: Option<&'static str>,
    /// The last one that began, 0 before.
    attempt: i16,
    max_attempts: i16,
}

/// What the tables should say.
#[derive(Debug, Default)]
struct Model {
    jobs: BTreeMap<Uuid, Job>,
    holders: BTreeMap<&'static str, Uuid>,
}

impl Model {
    fn end(&mut self, id: Uuid, place: Place) {
        let job = self.jobs.get_mut(&id).expect("it is known");
        job.place = place;
        if let Some(key) = job.unique_key
            && self.holders.get(key) == Some(&id)
        {
            self.holders.remove(key);
        }
    }

    fn running(&self) -> Vec<(Uuid, i64, i32)> {
        let held = |(id, job): (&Uuid, &Job)| match job.place {
            Place::Running { lease, position, .. } => Some((*id, lease, position)),
            _ => None,
        };
        self.jobs.iter().filter_map(held).collect()
    }
}

struct Dice(TestRng);

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        use proptest::prelude::Rng;
        self.0.next_u32() % n
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    fn some<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| self.below(3) == 0).collect()
    }
}

/// Each queue, and how many of it, and of a key of it, may run at once.
const QUEUES: [(&str, Option<usize>, Option<usize>); 3] =
    [("free", None, None), ("keyed", None, Some(1)), ("narrow", Some(3), Some(2))];

#[tokio::test]
async fn every_job_is_where_the_model_has_it() {
    let app = TestApp::start().await;
    let pool = &app.inside().db.pool;
    sqlx::query(
        "insert into annex.queues (name, concurrency, key_concurrency) values ('free', null, null), ('keyed', null, 1), ('narrow', 3, 2)",
    )
    .execute(pool)
    .await
    .expect("queues can be made");
    // Maintenance of the server itself would move jobs that the model does not know of: leases never end by themselves here.
    let seed = std::env::var("ANNEX_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u8);
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let mut model = Model::default();
    for step in 0..400 {
        let what = act(pool, &mut model, &mut dice).await;
        compare(pool, &model, step, what).await;
    }
    finish_all(pool, &mut model).await;
    compare(pool, &model, usize::MAX, "the end").await;
    super::expect_all_over(&app).await;
}

async fn act(pool: &PgPool, model: &mut Model, dice: &mut Dice) -> &'static str {
    match dice.below(16) {
        0..4 => {
            for _ in 0..=dice.below(4) {
                enqueue(pool, model, dice).await;
            }
            "enqueue"
        }
        4..8 => {
            let queue = dice.one_of(&QUEUES);
            let (wanted, expired) = (dice.below(6) as i32, dice.below(5) == 0);
            claim(pool, model, queue, wanted, expired).await;
            "claim"
        }
        8..11 => {
            finish(pool, model, dice).await;
            "finish"
        }
        11 => {
            let held = dice.some(&model.running());
            release(pool, model, &held).await;
            "release"
        }
        12 => {
            cancel(pool, model, dice).await;
            "cancel"
        }
        13 => {
            retry(pool, model, dice).await;
            "retry"
        }
        14 => {
            reclaim(pool, model).await;
            "reclaim"
        }
        _ => {
            sqlx::query("select annex.rotate_slots(0)").execute(pool).await.expect("slots rotate");
            "rotate"
        }
    }
}

async fn enqueue(pool: &PgPool, model: &mut Model, dice: &mut Dice) {
    let (queue, ..) = dice.one_of(&QUEUES);
    let key = dice.one_of(&[None, Some("a"), Some("b")]);
    let unique_key = dice.one_of(&[None, None, None, Some("u"), Some("v")]);
    let max_attempts = dice.below(3) as i16 + 1;
    let later = dice.below(5) == 0;
    let mut options =
        json!({"queue": queue, "max_attempts": max_attempts, "priority": dice.below(3) as i32 - 1});
    for (name, value) in [("key", key), ("unique_key", unique_key)] {
        if let Some(value) = value {
            options[name] = value.into();
        }
    }
    if later {
        options["delay_seconds"] = 3600.into();
    }
    let id = super::enqueue(pool, "test.modelled", json!({}), options).await;
    if let Some(holder) = unique_key.and_then(|key| model.holders.get(key)) {
        assert_eq!(id, *holder, "the job that has the unique key is the answer");
        return;
    }
    if let Some(key) = unique_key {
        model.holders.insert(key, id);
    }
    let place = if later { Place::Scheduled } else { Place::Ready };
    let before = model.jobs.insert(id, Job { place, queue, key, unique_key, attempt: 0, max_attempts });
    assert!(before.is_none(), "an id comes once");
}

async fn claim(
    pool: &PgPool,
    model: &mut Model,
    (queue, concurrency, key_concurrency): (&'static str, Option<usize>, Option<usize>),
    wanted: i32,
    expired: bool,
) {
    // A lease that ended long ago: of a worker over HTTP that was not heard of, as the next reclaim sees it.
    let claimed: Vec<(i64, i32, Uuid, i16)> = sqlx::query_as(
        "select lease, position, id, attempt from annex.claim_jobs($1, '{@workers}', $2, null, 'model', 36000)",
    )
    .bind(queue)
    .bind(wanted)
    .fetch_all(pool)
    .await
    .expect("jobs can be claimed");
    if concurrency.is_none() && key_concurrency.is_none() {
        let ready = model.jobs.values().filter(|job| job.queue == queue && job.place == Place::Ready).count();
        assert_eq!(claimed.len(), ready.min(wanted as usize), "as many as there are");
    }
    for (lease, position, id, attempt) in claimed {
        let job = model.jobs.get_mut(&id).expect("a claimed job is known");
        assert_eq!((job.place, job.queue, job.attempt + 1), (Place::Ready, queue, attempt), "{id}");
        job.attempt = attempt;
        job.place = Place::Running { lease, position, expired, cancelled: false };
    }
    let running = |key: Option<&str>| {
        let is_running = |job: &&Job| job.queue == queue && matches!(job.place, Place::Running { .. });
        model.jobs.values().filter(is_running).filter(|job| key.is_none() || job.key == key).count()
    };
    assert!(running(None) <= concurrency.unwrap_or(usize::MAX), "{queue} is over its limit");
    for key in ["a", "b"] {
        assert!(
            running(Some(key)) <= key_concurrency.unwrap_or(usize::MAX),
            "{key} of {queue} is over its limit"
        );
    }
}

/// Ends attempts, some of them under leases that are not, or not any more, theirs.
async fn finish(pool: &PgPool, model: &mut Model, dice: &mut Dice) {
    let mut ends: Vec<(Option<Uuid>, i64, i32, &str, bool)> = Vec::new();
    for (id, lease, position) in dice.some(&model.running()) {
        let (outcome, again) =
            dice.one_of(&[("succeeded", false), ("failed", true), ("failed", false), ("cancelled", false)]);
        ends.push((Some(id), lease, position, outcome, again));
    }
    if dice.below(2) == 0 {
        ends.push((None, 1_000_000, 1, "succeeded", false));
    }
    if let Some((_, lease, ..)) = ends.first().copied() {
        ends.push((None, lease, 399, "succeeded", false));
    }
    if ends.is_empty() {
        return;
    }
    let error = json!({"message": "told to"});
    let refused: Vec<i64> =
        sqlx::query_scalar("select refused from annex.finish_jobs($1, $2, $3, $4, $5, $6, $7)")
            .bind(ends.iter().map(|end| end.1).collect::<Vec<_>>())
            .bind(ends.iter().map(|end| end.2).collect::<Vec<_>>())
            .bind(ends.iter().map(|end| end.3).collect::<Vec<_>>())
            .bind(ends.iter().map(|_| None).collect::<Vec<Option<Json<Value>>>>())
            .bind(ends.iter().map(|end| (end.3 == "failed").then(|| Json(error.clone()))).collect::<Vec<_>>())
            .bind(ends.iter().map(|end| end.4).collect::<Vec<_>>())
            .bind(ends.iter().map(|_| Some(3600.0)).collect::<Vec<Option<f64>>>())
            .fetch_all(pool)
            .await
            .expect("attempts can be ended");
    let stale: Vec<i64> =
        ends.iter().zip(1..).filter(|(end, _)| end.0.is_none()).map(|(_, ordinal)| ordinal).collect();
    assert_eq!(refused, stale);
    for (id, _, _, outcome, again) in ends {
        let Some(id) = id else { continue };
        let job = &model.jobs[&id];
        let Place::Running { cancelled, .. } = job.place else { panic!("{id} does not run") };
        let place = match outcome {
            "succeeded" => Place::Succeeded,
            "cancelled" => Place::Cancelled,
            _ if cancelled => Place::Cancelled,
            _ if again && job.attempt < job.max_attempts => {
                model.jobs.get_mut(&id).expect("it is known").place = Place::Scheduled;
                continue;
            }
            _ => Place::Failed,
        };
        model.end(id, place);
    }
}

async fn release(pool: &PgPool, model: &mut Model, held: &[(Uuid, i64, i32)]) {
    let released: i32 = sqlx::query_scalar("select annex.release_jobs($1, $2)")
        .bind(held.iter().map(|held| held.1).collect::<Vec<_>>())
        .bind(held.iter().map(|held| held.2).collect::<Vec<_>>())
        .fetch_one(pool)
        .await
        .expect("jobs can be given back");
    assert_eq!(released as usize, held.len());
    for (id, ..) in held {
        let job = model.jobs.get_mut(id).expect("it is known");
        job.attempt -= 1;
        if matches!(job.place, Place::Running { cancelled: true, .. }) {
            model.end(*id, Place::Cancelled);
        } else {
            job.place = Place::Ready;
        }
    }
}

async fn cancel(pool: &PgPool, model: &mut Model, dice: &mut Dice) {
    let chosen = dice.some(&model.jobs.keys().copied().collect::<Vec<_>>());
    let count: i32 = sqlx::query_scalar("select annex.cancel_jobs($1)")
        .bind(&chosen)
        .fetch_one(pool)
        .await
        .expect("jobs can be cancelled");
    let mut expected = 0;
    for id in chosen {
        let job = model.jobs.get_mut(&id).expect("it is known");
        match &mut job.place {
            Place::Scheduled | Place::Ready => model.end(id, Place::Cancelled),
            Place::Running { cancelled, .. } => *cancelled = true,
            Place::Succeeded | Place::Failed | Place::Cancelled => continue,
        }
        expected += 1;
    }
    assert_eq!(count, expected);
}

async fn retry(pool: &PgPool, model: &mut Model, dice: &mut Dice) {
    let chosen = dice.some(&model.jobs.keys().copied().collect::<Vec<_>>());
    let count: i32 = sqlx::query_scalar("select annex.retry_jobs($1)")
        .bind(&chosen)
        .fetch_one(pool)
        .await
        .expect("jobs can be tried again");
    // Of several with one unique key the database chooses who has it; the others are left.
    let holders: Vec<(String, Uuid)> = sqlx::query_as("select key, job_id from annex.unique_jobs")
        .fetch_all(pool)
        .await
        .expect("they can be read");
    let mut expected = 0;
    for id in chosen {
        let job = model.jobs.get_mut(&id).expect("it is known");
        let is_left = job.unique_key.is_some_and(|key| !holders.contains(&(key.to_owned(), id)));
        if is_left || !matches!(job.place, Place::Failed | Place::Cancelled) {
            continue;
        }
        job.place = Place::Ready;
        expected += 1;
    }
    assert_eq!(count, expected);
    for (key, id) in holders {
        let key = ["u", "v"].into_iter().find(|known| *known == key).expect("it is one of ours");
        assert!(
            matches!(model.jobs[&id].place, Place::Scheduled | Place::Ready | Place::Running { .. }),
            "the holder of {key} lives"
        );
        model.holders.insert(key, id);
    }
}

async fn reclaim(pool: &PgPool, model: &mut Model) {
    let gone: Vec<i64> = model
        .jobs
        .values()
        .filter_map(|job| match job.place {
            Place::Running { lease, expired: true, .. } => Some(lease),
            _ => None,
        })
        .collect();
    let mut transaction = annex::db::begin(pool).await.expect("a transaction begins");
    sqlx::query("update annex.leases set expires_at = now() - interval '1 s' where id = any($1)")
        .bind(&gone)
        .execute(&mut *transaction)
        .await
        .expect("leases can end");
    let count: i32 = sqlx::query_scalar("select annex.reclaim_leases()")
        .fetch_one(&mut *transaction)
        .await
        .expect("it is reclaimed");
    transaction.commit().await.expect("it is committed");
    assert_eq!(count as usize, gone.len());
    for (id, job) in model.jobs.clone() {
        let Place::Running { expired: true, cancelled, .. } = job.place else { continue };
        match (cancelled, job.attempt >= job.max_attempts) {
            (true, _) => model.end(id, Place::Cancelled),
            (false, true) => model.end(id, Place::Failed),
            (false, false) => model.jobs.get_mut(&id).expect("it is known").place = Place::Ready,
        }
    }
}

/// Lets everything that is left come to its end.
async fn finish_all(pool: &PgPool, model: &mut Model) {
    sqlx::query("update annex.scheduled set run_at = now() - interval '1 s'")
        .execute(pool)
        .await
        .expect("it is due");
    super::until(pool, "select annex.promote_jobs() is null and not exists (select from annex.scheduled)")
        .await;
    for job in model.jobs.values_mut().filter(|job| job.place == Place::Scheduled) {
        job.place = Place::Ready;
    }
    for _ in 0..1000 {
        for (id, lease, position) in model.running() {
            let refused: Vec<i64> =
                sqlx::query_scalar("select refused from annex.finish_jobs(array[$1], array[$2], array['succeeded'], array[null::jsonb], array[null::jsonb], array[false], array[null::float8])")
                    .bind(lease)
                    .bind(position)
                    .fetch_all(pool)
                    .await
                    .expect("it ends");
            assert!(refused.is_empty());
            model.end(id, Place::Succeeded);
        }
        for queue in QUEUES {
            claim(pool, model, queue, 10, false).await;
        }
        if model.running().is_empty() {
            return;
        }
    }
    panic!("some jobs never come to their turn: {model:?}");
}

async fn compare(pool: &PgPool, model: &Model, step: usize, what: &str) {
    let places: Vec<(Uuid, Vec<String>)> = sqlx::query_as(
        "select j.id, array(
            select 'scheduled' from annex.scheduled s where s.job_id = j.id
            union all select 'ready' from annex.ready r where r.job_id = j.id
            union all select 'ready' from annex.parked p where p.job_id = j.id
            union all select 'running' from annex.leases l, unnest(l.jobs, l.attempts) u (job_id, attempt)
                where u.job_id = j.id and not exists (select from annex.attempts a where a.job_id = j.id and a.attempt = u.attempt)
            union all select case outcome when 'lost' then 'failed' else outcome end from annex.attempts a where a.job_id = j.id and a.final)
        from annex.jobs j order by j.id",
    )
    .fetch_all(pool)
    .await
    .expect("places can be read");
    let expected: Vec<(Uuid, Vec<String>)> =
        model.jobs.iter().map(|(id, job)| (*id, vec![job.place.name().to_owned()])).collect();
    for (found, wanted) in places.iter().zip(&expected) {
        assert_eq!(found, wanted, "after step {step}, {what}: {:?}", model.jobs[&wanted.0]);
    }
    assert_eq!(places.len(), expected.len());
    let counted: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "with held as (
            select l.queue, l.keys[u.place] as key from annex.leases l, unnest(l.jobs, l.attempts) with ordinality as u (job_id, attempt, place)
            where l.keys is not null and u.job_id is not null
                and not exists (select from annex.attempts a where a.job_id = u.job_id and a.attempt = u.attempt)
        )
        select l.queue, l.key, l.running::bigint,
            (select count(*) from held h where h.queue = l.queue and (h.key = l.key or l.key = ''))
        from annex.limiters l",
    )
    .fetch_all(pool)
    .await
    .expect("limits can be read");
    for (queue, key, running, held) in counted {
        assert_eq!(running, held, "after step {step}, {what}: the limiter `{key}` of {queue}");
    }
}
