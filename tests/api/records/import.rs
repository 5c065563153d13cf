//! `POST /v1/records/{collection}/import`

mod limits;

use annex_openapi::transfer::ImportReport;
use annex_tests::{Answer, Client, TestApp};
use serde_json::{Value, json};

use super::support::{Settings, adopt};

async fn csv(client: &Client, path: &str, body: impl Into<String>) -> Answer {
    client.request("POST", &format!("/v1/records/{path}")).body("text/csv", body.into()).await
}

async fn ndjson(client: &Client, path: &str, body: impl Into<String>) -> Answer {
    client.request("POST", &format!("/v1/records/{path}")).body("application/x-ndjson", body.into()).await
}

fn counts(report: &ImportReport) -> (u64, u64, u64, u64) {
    (report.rows, report.inserted, report.updated, report.skipped)
}

/// What is wrong: line, pointer, code.
fn faults(report: &ImportReport) -> Vec<(u64, &str, &str)> {
    report
        .errors
        .iter()
        .map(|error| (error.line.unwrap(), error.pointer.as_str(), error.code.as_str()))
        .collect()
}

fn report(answer: Answer) -> ImportReport {
    answer.expect_status(200).json_as()
}

async fn all(client: &Client, collection: &str, fields: &str, sort: &str) -> Vec<Value> {
    let path = format!("/v1/records/{collection}?fields={fields}&sort={sort}&limit=1000");
    client.get(&path).await.expect_status(200).items()
}

/// Posts with a unique slug, by authors that are another collection's rows.
async fn blog(app: &TestApp) {
    app.collection(json!({
        "name": "authors",
        "fields": [{"name": "name", "type": "text", "required": true, "unique": true}],
        "rules": {"list": "", "view": ""}
    }))
    .await;
    app.collection(json!({
        "name": "posts",
        "fields": [
            {"name": "slug", "type": "text", "required": true, "unique": true},
            {"name": "title", "type": "text"},
            {"name": "score", "type": "int"},
            {"name": "status", "type": "enum", "values": ["draft", "published"], "required": true, "default": "draft"},
            {"name": "tags", "type": "text", "array": true},
            {"name": "author", "type": "relation", "collection": "authors"},
            {"name": "at", "type": "timestamp"}
        ],
        "rules": {
            "list": "", "view": "",
            "create": "@user.id != null and (score = null or score < 100)",
            "update": "status = \"draft\" and @new.score < 100"
        }
    }))
    .await;
}

#[tokio::test]
async fn csv_becomes_rows_with_their_types() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let author = app.rows("authors", [json!({"name": "Ann"})]).await[0]["id"].as_str().unwrap().to_owned();
    let body = format!(
        "\u{feff}slug,title,score,status,tags,author,at\r\n\
         a,\"He said \"\"hi\"\"\nand left\",7,published,\"[\"\"x\"\",\"\"y,z\"\"]\",{author},2026-01-31T12:00:00+02:00\r\n\
         b,,,,,,\r\n\
         c,\"\",-1,draft,[],,2026-01-31\r\n"
    );
    let done = report(csv(&admin, "posts/import", body).await);
    assert_eq!(counts(&done), (3, 3, 0, 0));
    let rows = all(&admin, "posts", "slug,title,score,status,tags,author,at", "slug").await;
    assert_eq!(
        rows,
        [
            json!({"slug": "a", "title": "He said \"hi\"\nand left", "score": 7, "status": "published",
                "tags": ["x", "y,z"], "author": author, "at": "2026-01-31T10:00:00Z"}),
            json!({"slug": "b", "title": null, "score": null, "status": "draft", "tags": null, "author": null, "at": null}),
            json!({"slug": "c", "title": "", "score": -1, "status": "draft", "tags": [], "author": null,
                "at": "2026-01-31T00:00:00Z"}),
        ]
    );
}

#[tokio::test]
async fn ndjson_rows_may_differ_in_their_fields() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let id = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let body = format!(
        "{{\"slug\": \"a\", \"tags\": [\"x\"]}}\n\n{{\"slug\": \"b\", \"status\": \"published\", \"id\": \"{id}\"}}\n\
         {{\"slug\": \"c\", \"score\": null}}"
    );
    let done = report(ndjson(&admin, "posts/import", body).await);
    assert_eq!(counts(&done), (3, 3, 0, 0));
    let rows = all(&admin, "posts", "slug,status,tags,id", "slug").await;
    assert_eq!(rows[0]["status"], "draft");
    assert_eq!(rows[0]["tags"], json!(["x"]));
    assert_eq!((&rows[1]["status"], &rows[1]["id"]), (&json!("published"), &json!(id)));
    assert_eq!(rows[2]["status"], "draft");
}

#[tokio::test]
async fn one_bad_row_keeps_all_out_and_is_named_by_its_line() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let nobody = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let body = format!(
        "slug,title,score,author\n\
         a,fine,1,\n\
         b,\"two\nlines\",many,\n\
         ,no slug,1,\n\
         c,no such author,1,{nobody}\n\
         a,the slug of line 2,1,\n\
         d,short\n"
    );
    let answer = csv(&admin, "posts/import", body.clone())
        .await
        .expect_status(422)
        .expect_unsaid(&["insert", "annex_import"]);
    let problem = answer.expect_problem("validation_failed");
    let told: Vec<_> = problem
        .errors
        .iter()
        .map(|error| (error.line.unwrap(), error.pointer.as_str(), error.code.as_str()))
        .collect();
    let wanted = [
        (3, "/score", "invalid"),
        (5, "/slug", "required"),
        (6, "/author", "no_such_row"),
        (7, "/slug", "not_unique"),
        (8, "", "invalid"),
    ];
    assert_eq!(told, wanted, "{answer}");
    assert!(all(&admin, "posts", "slug", "slug").await.is_empty());

    let done = report(csv(&admin, "posts/import?mode=skip_bad", body).await);
    assert_eq!(counts(&done), (6, 1, 0, 5));
    assert_eq!(faults(&done), wanted);
    assert_eq!(all(&admin, "posts", "slug", "slug").await, [json!({"slug": "a"})]);
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_keeps_nothing() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let body = "slug,score\na,1\nb,x\na,1\n";
    let done = report(csv(&admin, "posts/import?mode=skip_bad&dry_run=true", body).await);
    assert_eq!(counts(&done), (3, 1, 0, 2));
    assert!(done.dry_run);
    assert!(all(&admin, "posts", "slug", "slug").await.is_empty());
    csv(&admin, "posts/import?dry_run=true", body).await.expect_status(422);
    let done = report(csv(&admin, "posts/import?dry_run=true", "slug\na\n").await);
    assert_eq!(counts(&done), (1, 1, 0, 0));
    assert!(all(&admin, "posts", "slug", "slug").await.is_empty());
}

#[tokio::test]
async fn columns_may_have_any_name() {
    let app = TestApp::start().await;
    let table = r#"create table odd ("line" int, "annex line" int, "s" int, "t1" int, c0 text, "say ""it""" text,
        all_of_it text generated always as (c0 || c0) stored, primary key ("line", "s"))"#;
    let settings =
        Settings::open().rule("create", "`annex line` > 0").rule("update", "@new.`annex line` > line");
    adopt(&app, "odd", table, settings).await;
    let anyone = app.anonymous();
    let rows = "line,annex line,s,t1,c0,\"say \"\"it\"\"\"\n1,1,1,1,a,b\n2,0,2,2,c,d\n1,1,1,1,a,b\n";
    let done = report(csv(&anyone, "odd/import?mode=skip_bad", rows).await);
    assert_eq!(faults(&done), [(3, "", "forbidden"), (4, "/line", "not_unique"), (4, "/s", "not_unique")]);
    let rows = "line,annex line,s,t1\n1,5,1,6\n2,1,1,1\n1,1,1,1\n";
    let done = report(csv(&anyone, "odd/import?upsert=line,s&mode=skip_bad", rows).await);
    assert_eq!((done.inserted, done.updated, done.skipped), (1, 1, 1));
    let kept = all(&anyone, "odd", "line,s,t1,all_of_it", "line").await;
    assert_eq!(kept[0], json!({"line": 1, "s": 1, "t1": 6, "all_of_it": "aa"}));
}

#[tokio::test]
async fn rules_are_asked_for_each_row() {
    let app = TestApp::start().await;
    blog(&app).await;
    let body = "slug,score\na,1\nb,100\nc,\n";
    let refused = csv(&app.anonymous(), "posts/import", body).await.expect_status(401);
    refused.expect_problem("unauthenticated");
    let user = app.user("uma").await;
    csv(&user, "authors/import", "name\nBob\n").await.expect_status(403).expect_problem("forbidden");
    let problem =
        csv(&user, "posts/import", body).await.expect_status(422).expect_problem("validation_failed");
    assert_eq!((problem.errors[0].line, problem.errors[0].code.as_str()), (Some(3), "forbidden"));
    let done = report(csv(&user, "posts/import?mode=skip_bad", body).await);
    assert_eq!(counts(&done), (3, 2, 0, 1));
    assert_eq!(faults(&done), [(3, "", "forbidden")]);
    // An admin is not asked.
    let done = report(csv(&app.admin().await, "posts/import", "slug,score\nd,1000\n").await);
    assert_eq!(counts(&done), (1, 1, 0, 0));
}

#[tokio::test]
async fn a_row_that_is_denied_tells_nothing_of_others() {
    let app = TestApp::start().await;
    blog(&app).await;
    app.rows("posts", [json!({"slug": "theirs", "score": 1})]).await;
    let author = app.rows("authors", [json!({"name": "Ann"})]).await[0]["id"].as_str().unwrap().to_owned();
    let nobody = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let body = format!(
        "slug,score,author\n\
         theirs,100,\n\
         nobodys,100,\n\
         a,100,{nobody}\n\
         b,100,{author}\n\
         theirs,1,\n\
         c,1,{nobody}\n\
         d,1,\n"
    );
    let user = app.user("uma").await;
    let wanted = [
        (2, "", "forbidden"),
        (3, "", "forbidden"),
        (4, "", "forbidden"),
        (5, "", "forbidden"),
        (6, "/slug", "not_unique"),
        (7, "/author", "no_such_row"),
    ];
    let done = report(csv(&user, "posts/import?mode=skip_bad", body.clone()).await);
    assert_eq!((counts(&done), faults(&done)), ((7, 1, 0, 6), wanted.to_vec()));
    // The same where a value that does not fit its column keeps all rows from being looked at together.
    app.sql("create domain tiny as int check (value < 200); alter table posts alter column score type tiny")
        .await;
    app.schema_seen(|snapshot| snapshot.table("posts").is_some()).await;
    let body = body.replace("\nd,1,", "\nd,300,");
    let done = report(csv(&user, "posts/import?mode=skip_bad", body).await);
    assert_eq!(faults(&done)[..6], wanted);
}

#[tokio::test]
async fn what_a_write_may_not_set_an_import_may_not_either() {
    let app = TestApp::start().await;
    blog(&app).await;
    app.sql("update annex.collections set hidden_fields = '{title}' where name = 'posts'").await;
    app.schema_seen(|snapshot| {
        snapshot
            .table("posts")
            .is_some_and(|table| table.collection.field("title").is_some_and(|field| field.hidden))
    })
    .await;
    let user = app.user("uma").await;
    for (header, code) in [
        ("slug,created_at", "read_only"),
        ("slug,id", "read_only"),
        ("slug,title", "unknown_field"),
        ("slug,slgu", "unknown_field"),
    ] {
        let problem = csv(&user, "posts/import?mode=skip_bad", format!("{header}\na,\n"))
            .await
            .expect_status(422)
            .problem();
        assert_eq!((problem.errors[0].code.as_str(), problem.errors[0].line), (code, Some(1)), "{header}");
    }
    let done =
        report(ndjson(&user, "posts/import?mode=skip_bad", "{\"slug\": \"a\", \"title\": \"x\"}\n").await);
    assert_eq!(faults(&done), [(1, "/title", "unknown_field")]);
    let answer = csv(&user, "posts/import?upsert=title", "slug\na\n").await.expect_status(400);
    answer.expect_unsaid(&["title,"]).expect_problem("invalid_parameter");
    csv(&user, "posts/import", "title\n").await.expect_status(422);
    let done = report(
        csv(&app.admin().await, "posts/import", "slug,title,created_at\na,x,2020-01-01T00:00:00Z\n").await,
    );
    assert_eq!(counts(&done), (1, 1, 0, 0));
}

#[tokio::test]
async fn upsert_changes_what_is_there_and_makes_the_rest() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let made = app
        .rows(
            "posts",
            [
                json!({"slug": "a", "title": "old", "score": 1}),
                json!({"slug": "b", "title": "old", "score": 1, "status": "published"}),
            ],
        )
        .await;
    let user = app.user("uma").await;
    // The update rule holds for drafts, and looks at the row as it would be.
    let body = "slug,score\na,2\nb,2\nc,2\n";
    let done = report(csv(&user, "posts/import?upsert=slug&mode=skip_bad", body).await);
    assert_eq!(counts(&done), (3, 1, 1, 1));
    assert_eq!(faults(&done), [(3, "", "forbidden")]);
    let rows = all(&admin, "posts", "id,slug,title,score,status", "slug").await;
    assert_eq!(
        rows[0],
        json!({"id": made[0]["id"], "slug": "a", "title": "old", "score": 2, "status": "draft"})
    );
    assert_eq!(rows[1]["score"], 1);
    assert_eq!((&rows[2]["slug"], &rows[2]["status"]), (&json!("c"), &json!("draft")));
    csv(&user, "posts/import?upsert=slug", "slug,score\na,100\n").await.expect_status(422);
    // By the key itself, with fields that only some rows have.
    let id = made[0]["id"].as_str().unwrap();
    let body = format!(
        "{{\"id\": \"{id}\", \"slug\": \"a2\"}}\n{{\"id\": \"0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f\", \"slug\": \"n\", \"title\": \"t\"}}\n"
    );
    let done = report(ndjson(&user, "posts/import?upsert=id", body).await);
    assert_eq!(counts(&done), (2, 1, 1, 0));
    let rows = all(&admin, "posts", "id,slug,title", "slug").await;
    assert_eq!(rows[0], json!({"id": id, "slug": "a2", "title": "old"}));
    // Twice the same key: which row should win?
    let problem = csv(&user, "posts/import?upsert=slug", "slug\nz\nz\n").await.expect_status(422).problem();
    assert_eq!((problem.errors[0].line, problem.errors[0].code.as_str()), (Some(3), "not_unique"));
    assert!(problem.errors[0].detail.contains("line 2"), "{}", problem.errors[0].detail);
    csv(&user, "posts/import?upsert=score", "slug\nz\n")
        .await
        .expect_status(400)
        .expect_problem("invalid_parameter");
}

#[tokio::test]
async fn a_null_text_and_a_delimiter_can_be_named() {
    let app = TestApp::start().await;
    blog(&app).await;
    let admin = app.admin().await;
    let body = "slug;title\na;\\N\nb;\nc;\"\\N\"\n";
    report(csv(&admin, "posts/import?null=%5CN&delimiter=%3B", body).await);
    let titles: Vec<Value> =
        all(&admin, "posts", "title", "slug").await.into_iter().map(|row| row["title"].clone()).collect();
    assert_eq!(titles, [json!(null), json!(""), json!("\\N")]);
    csv(&admin, "posts/import?delimiter=xx", body)
        .await
        .expect_status(400)
        .expect_problem("invalid_parameter");
    csv(&admin, "posts/import?formt=csv", body).await.expect_status(400).expect_problem("invalid_parameter");
    ndjson(&admin, "posts/import?null=x", "").await.expect_status(400).expect_problem("invalid_parameter");
    let wrong = admin.post("/v1/records/posts/import", json!({})).await.expect_status(415);
    wrong.expect_problem("unsupported_media_type");
}

#[tokio::test]
async fn rows_may_point_at_rows_of_the_same_import() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "nodes",
        "fields": [
            {"name": "n", "type": "int", "required": true},
            {"name": "parent", "type": "relation", "collection": "nodes"}
        ],
    }))
    .await;
    app.sql("alter table nodes add constraint small check (n < 100)").await;
    let admin = app.admin().await;
    let id = |n: u32| format!("00000000-0000-7000-8000-{n:012}");
    let body =
        format!("id,n,parent\n{},1,{}\n{},2,\n{},100,\n{},3,{}\n", id(1), id(2), id(2), id(3), id(4), id(3));
    let done = report(csv(&admin, "nodes/import?mode=skip_bad", body).await);
    assert_eq!(counts(&done), (4, 2, 0, 2));
    assert_eq!(faults(&done), [(4, "/n", "check"), (5, "/parent", "no_such_row")]);
}

#[tokio::test]
async fn the_first_row_that_can_be_taken_wins() {
    let app = TestApp::start().await;
    blog(&app).await;
    app.sql("alter table posts add constraint positive check (score > 0)").await;
    app.rows("posts", [json!({"slug": "there", "score": 1})]).await;
    let body = "slug,score\na,0\na,1\na,2\nthere,1\nb,1\nb,0\n";
    let done = report(csv(&app.admin().await, "posts/import?mode=skip_bad", body).await);
    assert_eq!(counts(&done), (6, 2, 0, 4));
    let codes = [
        (2, "/score", "check"),
        (4, "/slug", "not_unique"),
        (5, "/slug", "not_unique"),
        (7, "/slug", "not_unique"),
    ];
    assert_eq!(faults(&done), codes);
    assert_eq!(
        all(&app.admin().await, "posts", "slug,score", "slug").await[..2],
        [json!({"slug": "a", "score": 1}), json!({"slug": "b", "score": 1})]
    );
}
