//! `GET /v1/jobs/stats`

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{claim, enqueue, say};

fn sum(minutes: &[Value], of: &str) -> i64 {
    minutes.iter().map(|minute| minute[of].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn what_became_of_jobs_is_counted_by_the_minute() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (kind, queue) in [("mail", "default"), ("mail", "default"), ("mail", "other"), ("film", "default")] {
        enqueue(&app, json!({"kind": kind, "queue": queue})).await;
    }
    let jobs = claim(&admin, "default", 5).await;
    say(&admin, &jobs[0], "complete", json!({})).await.expect_status(200);
    say(&admin, &jobs[1], "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    say(&admin, &jobs[2], "complete", json!({})).await.expect_status(200);
    let other = claim(&admin, "other", 5).await;
    say(&admin, &other[0], "fail", json!({"error": {"message": "no"}, "retry": false}))
        .await
        .expect_status(200);
    let cancelled = enqueue(&app, json!({"kind": "mail"})).await;
    admin.request("POST", &format!("/v1/jobs/{}/cancel", super::id(&cancelled))).await.expect_status(200);
    // One that ended ten minutes ago, after it had run for 30 s and waited for 20 s; and one of before.
    app.sql(
        "with job as (insert into annex.jobs (id, kind, args, queue, runner, priority, tags, max_attempts, created_at)
            select annex.uuid_v7(), 'mail', '{}', 'default', '@workers', 0, '{}', 1, now() - n * interval '10 min' - interval '50 s'
            from unnest(array[1, 7]) n returning id, created_at)
        insert into annex.attempts (job_id, attempt, outcome, final, started_at, finished_at)
            select id, 1, 'succeeded', true, created_at + interval '20 s', created_at + interval '50 s' from job",
    )
    .await;
    let ask = async |query: &str| {
        let answer = admin.get(&format!("/v1/jobs/stats{query}")).await.expect_status(200).json();
        answer["minutes"].as_array().unwrap().clone()
    };
    let all = ask("").await;
    assert_eq!(all.len(), 60);
    assert_eq!((sum(&all, "succeeded"), sum(&all, "failed"), sum(&all, "cancelled")), (3, 2, 1));
    let before = all.iter().find(|minute| minute["wait"]["p50"] == 20_000.0).expect("there is that minute");
    assert_eq!((&before["succeeded"], &before["run"]["p99"]), (&json!(1), &json!(30_000.0)));
    let quiet = all.iter().find(|minute| minute["wait"] == Value::Null).expect("most minutes are quiet");
    assert_eq!(json!([quiet["succeeded"], quiet["run"], quiet["estimated"]]), json!([0, null, false]));

    let of_queue = ask("?queue=default&minutes=2").await;
    assert_eq!((of_queue.len(), sum(&of_queue, "succeeded"), sum(&of_queue, "failed")), (2, 2, 1));
    let of_kind = ask("?kind=film&minutes=5").await;
    assert_eq!((sum(&of_kind, "succeeded"), sum(&of_kind, "failed")), (1, 0));
    assert_eq!(sum(&ask("?queue=nothing").await, "succeeded"), 0);
    assert_eq!(sum(&ask("?minutes=180").await, "succeeded"), 4);
    for wrong in ["minutes=0", "minutes=181", "minutes=x", "since=2026-01-01T00:00:00Z"] {
        admin.get(&format!("/v1/jobs/stats?{wrong}")).await.expect_problem("invalid_parameter");
    }
}

#[tokio::test]
async fn minutes_with_very_many_are_reckoned_from_their_beginning() {
    let app = TestApp::start().await;
    app.sql(
        "with job as (insert into annex.jobs (id, kind, args, queue, runner, priority, tags, max_attempts, created_at)
            select annex.uuid_v7(), 'mail', '{}', case when n % 4 = 0 then 'quarter' else 'default' end, '@workers', 0, '{}', 1, now()
            from generate_series(1, 12000) n returning id)
        insert into annex.attempts (job_id, attempt, outcome, final, started_at, finished_at)
            select id, 1, 'succeeded', true, at, at
            from (select id, date_trunc('minute', now()) - interval '5 min'
                + (row_number() over () - 1) * interval '5 ms' as at from job) j",
    )
    .await;
    let admin = app.admin().await;
    for (query, expected) in [("", 12_000), ("?queue=quarter", 3_000)] {
        let answer = admin.get(&format!("/v1/jobs/stats{query}")).await.expect_status(200).json();
        let minutes: Vec<Value> = answer["minutes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|minute| minute["succeeded"] != 0)
            .cloned()
            .collect();
        assert_eq!((minutes.len(), &minutes[0]["estimated"]), (1, &json!(true)));
        let counted = sum(&minutes, "succeeded");
        assert!((counted - expected).abs() < expected / 50, "{counted} of {expected}");
    }
}
