//! `/v1/schedules`

use std::time::Duration;

use annex_tests::TestApp;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{claim, id, say};

const REPORT: &str = "/v1/schedules/report";

#[tokio::test]
async fn a_schedule_says_when_it_is_due_and_takes_changes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let said = json!({"job": {"kind": "report", "args": {"to": "ada"}, "queue": "mail"}, "cron": "30 4 * * MON-FRI",
        "time_zone": "Europe/Vienna"});
    let made = admin.put(REPORT, said.clone()).await.expect_status(201).json();
    let expected = json!({
        "name": "report", "job": said["job"], "cron": "30 4 * * MON-FRI", "time_zone": "Europe/Vienna", "every_seconds": null,
        "run_at": null, "catch_up": "last", "paused": false, "next_at": made["next_at"], "next_runs": made["next_runs"],
        "last_at": null, "last_job_id": null, "created_by": admin.id(), "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    });
    assert_eq!(made, expected);
    let runs = made["next_runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]), (5, &made["next_at"]));
    assert!(runs.iter().all(|at| at.as_str().unwrap().ends_with(":30:00Z")), "{runs:?}");
    assert_eq!(admin.get(REPORT).await.expect_status(200).json(), made);

    // The same again is the same, whoever says it.
    let again = admin.put(REPORT, said).await.expect_status(200).json();
    assert_eq!((&again["next_at"], &again["created_at"]), (&made["next_at"], &made["created_at"]));

    let paused = admin.patch(REPORT, json!({"paused": true})).await.expect_status(200).json();
    assert_eq!(json!([paused["paused"], paused["next_at"], paused["next_runs"]]), json!([true, null, []]));
    assert_eq!(paused["job"], made["job"]);
    let change = json!({"paused": false, "cron": null, "every_seconds": 90, "catch_up": "all"});
    let changed = admin.patch(REPORT, change).await.expect_status(200).json();
    assert_eq!(
        json!([changed["cron"], changed["every_seconds"], changed["catch_up"]]),
        json!([null, 90, "all"])
    );
    let at = |run: &Value| {
        time::OffsetDateTime::parse(run.as_str().unwrap(), &time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    let runs: Vec<_> = changed["next_runs"].as_array().unwrap().iter().map(at).collect();
    assert!(runs.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_secs(90)), "{runs:?}");

    admin.delete(REPORT).await.expect_status(204);
    admin.delete(REPORT).await.expect_problem("not_found");
    admin.get(REPORT).await.expect_problem("not_found");
    admin.patch(REPORT, json!({"paused": true})).await.expect_problem("not_found");
    admin.request("POST", "/v1/schedules/report/run").await.expect_problem("not_found");
    admin.put("/v1/schedules/Report", json!({"job": {"kind": "a"}})).await.expect_problem("not_found");
}

#[tokio::test]
async fn what_is_wrong_is_pointed_at_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let schema = json!({"schema": {"required": ["to"], "properties": {"to": {"type": "string"}}}});
    admin.put("/v1/job-kinds/letter.send", schema).await.expect_status(201);
    let job = json!({"kind": "report"});
    for (body, pointer, says) in [
        (json!({"job": job, "cron": "61 * * * *"}), "/cron", "`61` cannot be the minute"),
        (json!({"job": job, "cron": "0 0 * *"}), "/cron", "it has 4 fields"),
        (json!({"job": job, "cron": "0 0 30 2 *"}), "/cron", "no time ever"),
        (json!({"job": job, "cron": "* * * * * ".repeat(30)}), "/cron", "200 characters"),
        (
            json!({"job": job, "cron": "0 0 * * *", "time_zone": "Mars/Olympus"}),
            "/time_zone",
            "not a time zone",
        ),
        (json!({"job": job, "cron": "0 0 * * *", "time_zone": ""}), "/time_zone", "characters"),
        (json!({"job": job}), "/cron", "exactly one of"),
        (json!({"job": job, "cron": "0 0 * * *", "every_seconds": 5}), "/every_seconds", "exactly one of"),
        (
            json!({"job": job, "every_seconds": 5, "run_at": "2100-01-01T00:00:00Z"}),
            "/run_at",
            "exactly one of",
        ),
        (json!({"job": job, "every_seconds": 0}), "/every_seconds", "from 1 to"),
        (json!({"job": job, "every_seconds": 4_000_000_000_u32}), "/every_seconds", "from 1 to"),
        (json!({"job": job, "run_at": "2020-01-01T00:00:00Z"}), "/run_at", "must be ahead"),
        (json!({"job": job, "every_seconds": 5, "catch_up": "some"}), "/catch_up", ""),
        (json!({"job": job, "every_seconds": 5, "pause": true}), "/pause", ""),
        (json!({"every_seconds": 5}), "", "job"),
        (json!({"job": {"kind": "Report"}, "every_seconds": 5}), "/job/kind", "`kind`"),
        (
            json!({"job": {"kind": "report", "delay_seconds": 5}, "every_seconds": 5}),
            "/job/delay_seconds",
            "not for the job of a schedule",
        ),
        (
            json!({"job": {"kind": "report", "run_at": "2100-01-01T00:00:00Z"}, "every_seconds": 5}),
            "/job/run_at",
            "not for",
        ),
        (json!({"job": {"kind": "report", "prioritty": 5}, "every_seconds": 5}), "/job/prioritty", ""),
        (
            json!({"job": {"kind": "letter.send", "args": {"to": 7}}, "every_seconds": 5}),
            "/job/args/to",
            "string",
        ),
        (json!({"job": {"kind": "letter.send"}, "every_seconds": 5}), "/job/args", "required"),
    ] {
        let problem = admin.put(REPORT, body.clone()).await.expect_problem("validation_failed");
        let [error] = &problem.errors[..] else { panic!("{body}: {:?}", problem.errors) };
        assert!(error.pointer == pointer && error.detail.contains(says), "{body}: {error:?}");
    }
    assert!(admin.get("/v1/schedules").await.expect_status(200).items().is_empty());

    // A change that is refused changes nothing.
    let made = admin.put(REPORT, json!({"job": job, "cron": "0 0 * * *"})).await.expect_status(201).json();
    for (change, pointer) in [
        (json!({"every_seconds": 5}), "/every_seconds"),
        (json!({"cron": null}), "/cron"),
        (json!({"paused": true, "cron": "0 0 * * 9"}), "/cron"),
        (json!({"paused": true, "time_zone": "Nowhere"}), "/time_zone"),
        (json!({"paused": true, "job": {"kind": "letter.send"}}), "/job/args"),
        (json!({"paused": true, "next_at": "2100-01-01T00:00:00Z"}), "/next_at"),
    ] {
        let problem = admin.patch(REPORT, change).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    assert_eq!(admin.get(REPORT).await.json(), made);
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn they_are_listed_by_name_page_by_page() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for name in ["c", "a_b", "a-b", "b", "a"] {
        let said = json!({"job": {"kind": "report"}, "every_seconds": 60});
        admin.put(&format!("/v1/schedules/{name}"), said).await.expect_status(201);
    }
    let (mut names, mut path) = (Vec::new(), "/v1/schedules?limit=2".to_owned());
    loop {
        let page = admin.get(&path).await.expect_status(200).json();
        names.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/schedules?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["a", "a-b", "a_b", "b", "c"]);
    admin.get("/v1/schedules?cursor=AAAA").await.expect_problem("invalid_cursor");
    admin.get("/v1/schedules?sort=name").await.expect_problem("invalid_parameter");
    // The cursor of another list is none.
    for _ in 0..2 {
        admin.post("/v1/batches", json!({"jobs": [{"job": {"kind": "a"}}]})).await.expect_status(201);
    }
    let page = admin.get("/v1/batches?limit=1").await.expect_status(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    admin.get(&format!("/v1/schedules?cursor={cursor}")).await.expect_problem("invalid_cursor");
}

#[tokio::test]
async fn it_enqueues_when_it_is_due_and_not_where_it_rests_or_is_gone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let every = |paused: bool| json!({"job": {"kind": "report"}, "every_seconds": 60, "paused": paused});
    admin.put(REPORT, every(false)).await.expect_status(201);
    admin.put("/v1/schedules/resting", every(true)).await.expect_status(201);
    admin.put("/v1/schedules/gone", every(false)).await.expect_status(201);
    admin.delete("/v1/schedules/gone").await.expect_status(204);
    app.clock.advance(Duration::from_secs(65));
    app.eventually("the schedule enqueues", || async {
        admin.get(REPORT).await.expect_status(200).json()["last_job_id"].is_string()
    })
    .await;
    let ran = admin.get(REPORT).await.json();
    let job = admin
        .get(&format!("/v1/jobs/{}", ran["last_job_id"].as_str().unwrap()))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        json!([job["schedule"], job["created_by"], job["run_at"]]),
        json!(["report", admin.id(), ran["last_at"]])
    );
    assert!(ran["next_at"].as_str() > ran["last_at"].as_str());
    let due = "select string_agg(schedule, ' ') from annex.jobs";
    assert_eq!(app.sql_value(due).await.as_deref(), Some("report"));
}

#[tokio::test]
async fn run_now_answers_the_job_and_leaves_the_rest_as_it_is() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = json!({"job": {"kind": "report", "args": {"a": 1}, "tags": ["b"]}, "cron": "0 0 1 1 *", "paused": true});
    admin.put(REPORT, made).await.expect_status(201);
    let run = || admin.request("POST", "/v1/schedules/report/run");
    let answer = run().await;
    let job = answer.clone().expect_status(201).json();
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{}", id(&job)).as_str()));
    assert_eq!(
        json!([job["kind"], job["args"], job["tags"], job["schedule"], job["created_by"], job["state"]]),
        json!(["report", {"a": 1}, ["b"], "report", admin.id(), "ready"])
    );
    let of_it = admin.get("/v1/jobs?schedule=report").await.expect_status(200).items();
    assert_eq!((of_it.len(), &of_it[0]["id"]), (1, &job["id"]));
    assert!(admin.get("/v1/jobs?schedule=other").await.expect_status(200).items().is_empty());
    let schedule = admin.get(REPORT).await.json();
    assert_eq!((&schedule["last_job_id"], &schedule["paused"]), (&job["id"], &json!(true)));
    let [claimed] = &claim(&admin, "default", 5).await[..] else { panic!("there is one job") };
    assert_eq!(claimed["id"], job["id"]);
    say(&admin, claimed, "complete", json!({})).await.expect_status(200);

    // Sent again it is the same, and many at once are many.
    let first = run().header("idempotency-key", "once").await.expect_status(201).json();
    assert_eq!(run().header("idempotency-key", "once").await.expect_status(201).json(), first);
    for answer in join_all((0..5).map(|_| async { run().await })).await {
        answer.expect_status(201);
    }
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("7"));

    // A schema that came later holds here too.
    admin.put("/v1/job-kinds/report", json!({"schema": {"required": ["to"]}})).await.expect_status(201);
    let problem = run().await.expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/job/args");
    admin.patch(REPORT, json!({"paused": false})).await.expect_status(200);
}

#[tokio::test]
async fn with_a_unique_key_none_runs_beside_another() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = json!({"job": {"kind": "report", "unique_key": "report"}, "every_seconds": 60});
    admin.put(REPORT, made).await.expect_status(201);
    let run = || admin.request("POST", "/v1/schedules/report/run");
    let first = run().await.expect_status(201).json();
    let second = run().await.expect_status(200).json();
    assert_eq!(first["id"], second["id"]);
    app.clock.advance(Duration::from_secs(65));
    app.eventually("the schedule is due", || async {
        let next = admin.get(REPORT).await.json();
        next["last_at"].as_str() > next["updated_at"].as_str() && next["last_job_id"] == first["id"]
    })
    .await;
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_schedule_can_be_tried() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let try_out = |body: Value| admin.put("/v1/schedules/nightly?dry_run=true", body);
    let nightly = json!({"job": {"kind": "mail"}, "cron": "30 4 * * *", "time_zone": "Europe/Vienna"});
    let tried = try_out(nightly.clone()).await.expect_status(200).json();
    assert_eq!(tried["next_runs"].as_array().unwrap().len(), 5);
    admin.get("/v1/schedules/nightly").await.expect_problem("not_found");
    let problem = try_out(json!({"job": {"kind": "mail"}, "cron": "61 4 * * *"})).await;
    assert_eq!(problem.expect_problem("validation_failed").errors[0].pointer, "/cron");
    // One that is there stays as it is.
    let before = admin.put("/v1/schedules/nightly", nightly).await.expect_status(201).json();
    assert_eq!(before["next_runs"], tried["next_runs"]);
    let hourly =
        try_out(json!({"job": {"kind": "mail"}, "every_seconds": 3600})).await.expect_status(200).json();
    assert_eq!(hourly["every_seconds"], 3600);
    assert_eq!(admin.get("/v1/schedules/nightly").await.expect_status(200).json(), before);
    admin.put("/v1/schedules/nightly?dry_run=perhaps", json!({})).await.expect_problem("invalid_parameter");
}
