//! A hidden field does not exist for a caller that is no admin, wherever it might show.

use annex_tests::{Client, TestApp};
use serde_json::json;

use super::support::{Settings, adopt, records};

const PEOPLE: &str = "
    create table people (
        id int primary key, name text, salary int, notes jsonb, boss int references people, mentor int references people, ssn text not null default 'none',
        unique (name, ssn), constraint people_salary check (salary < 1000000000)
    );
    create index people_search on people using gin (to_tsvector('simple', coalesce(name, '') || coalesce(ssn, '')));
    insert into people values (1, 'ada', 730192573, '{\"k\": \"classified\"}', null, null, 'hush-1'), (2, 'bob', 100, '{\"k\": 2}', 1, 1, 'hush-2');";

/// What must never be said: the hidden names and values.
const SECRETS: &[&str] = &["salary", "notes", "mentor", "ssn", "hush", "classified", "730192573"];

async fn app() -> TestApp {
    let app = TestApp::start().await;
    adopt(&app, "people", PEOPLE, Settings::open().hiding(&["salary", "notes", "mentor", "ssn"])).await;
    adopt(
        &app,
        "pets",
        "create table pets (id int primary key, owner int references people); insert into pets values (1, 1)",
        Settings::open(),
    )
    .await;
    app
}

async fn refused(client: &Client, path: &str, hidden: &str) {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 400, "{answer}");
    // It may repeat the name that it was asked for, and nothing beyond it.
    let others: Vec<&str> = SECRETS.iter().copied().filter(|secret| !hidden.contains(secret)).collect();
    answer.expect_unsaid(&others);
}

#[tokio::test]
async fn a_hidden_field_is_nowhere_to_be_used_or_seen() {
    let app = app().await;
    for client in [app.anonymous(), app.user("ada").await] {
        client.get(&records("people", &[])).await.expect_status(200).expect_unsaid(SECRETS);
        client.get("/v1/records/people/1").await.expect_status(200).expect_unsaid(SECRETS);
        for filter in [
            "salary > 1",
            "salary = null",
            "notes.k = 'classified'",
            "notes contains 'x'",
            "mentor = 1",
            "mentor.name = 'ada'",
            "boss.salary > 1",
            "boss.boss.notes.k = null",
            "boss.mentor.name = 'x'",
            "exists(people, salary > 1)",
            "exists(people, id = $.salary)",
            "exists(pets, owner.salary > 1)",
            "exists(pets, owner = $.mentor)",
            "length(ssn) > 1",
            "lower(ssn) = 'x'",
            "name = ssn",
            "ssn in ['hush-1']",
            "`ssn` like 'h%'",
        ] {
            refused(&client, &records("people", &[("filter", filter)]), filter).await;
        }
        refused(&client, &records("pets", &[("filter", "owner.salary > 1")]), "owner.salary").await;
        refused(&client, &records("pets", &[("filter", "owner.salari > 1")]), "").await;
        refused(&client, &records("people", &[("filter", "salari > 1")]), "").await;
        refused(&client, &records("people", &[("filter", "sn = 'x'")]), "").await;
        for (name, value) in [
            ("sort", "salary"),
            ("sort", "-ssn"),
            ("sort", "salari"),
            ("fields", "id,salary"),
            ("fields", "salari"),
            ("expand", "mentor"),
            ("expand", "boss.mentor"),
            ("expand", "mentors"),
            ("expand", "people_via_mentor"),
            ("expand", "people_via_mento"),
            ("search", "hush"),
        ] {
            refused(&client, &records("people", &[(name, value)]), value).await;
        }
        for path in ["/v1/records/people/1?fields=salary", "/v1/records/people/1?expand=mentor"] {
            refused(&client, path, path).await;
        }
        let page = client.get(&records("pets", &[("expand", "owner")])).await.expect_status(200);
        page.expect_said("ada").expect_unsaid(SECRETS);
        let page = client
            .get(&records("people", &[("expand", "boss,people_via_boss,pets"), ("sort", "name")]))
            .await;
        page.expect_status(200).expect_unsaid(SECRETS);
        let page = client.get(&records("people", &[("limit", "1"), ("sort", "name")])).await.json();
        let cursor = page["next_cursor"].as_str().expect("there is more");
        assert!(!decoded(cursor).contains("hush"));
        for body in [json!({"salary": 1}), json!({"salari": 1}), json!({"ssn": "x"}), json!({"note": 1})] {
            let said = body.to_string();
            let answer = client.patch("/v1/records/people/2", body).await.expect_status(422);
            let others: Vec<&str> = SECRETS.iter().copied().filter(|secret| !said.contains(secret)).collect();
            answer.expect_unsaid(&others);
        }
        client
            .patch("/v1/records/people/2", json!({"name": "bob"}))
            .await
            .expect_status(200)
            .expect_unsaid(SECRETS);
        client
            .put("/v1/records/people/2", json!({"name": "bob", "boss": 1}))
            .await
            .expect_status(200)
            .expect_unsaid(SECRETS);
    }
    let kept = app.sql_value("select ssn || salary || mentor from people where id = 2").await;
    assert_eq!(kept.as_deref(), Some("hush-21001"));
}

#[tokio::test]
async fn an_admin_sees_and_uses_it() {
    let app = app().await;
    let admin = app.admin().await;
    let asked = [
        ("filter", "salary > 100 and notes.k = 'classified'"),
        ("sort", "-ssn"),
        ("expand", "mentor"),
        ("search", "adahush-1"),
    ];
    let page = admin.get(&records("people", &asked)).await.expect_status(200);
    assert_eq!(page.items()[0]["salary"], 730192573);
    admin.patch("/v1/records/people/1", json!({"salary": 7301926})).await.expect_status(200);
}

#[tokio::test]
async fn a_violation_does_not_name_what_is_hidden() {
    let app = app().await;
    let client = app.user("ada").await;
    app.sql("alter table people alter column salary set default 2000000000").await;
    let broken = client.post("/v1/records/people", json!({"id": 5, "name": "eve"})).await;
    broken.expect_status(422).expect_unsaid(SECRETS);
    app.sql("alter table people alter column salary drop default; alter table people alter column ssn set default 'hush-1'").await;
    let broken = client.post("/v1/records/people", json!({"id": 5, "name": "ada"})).await;
    broken.expect_status(409).expect_unsaid(SECRETS);
    app.sql("alter table people alter column ssn drop default").await;
    app.schema_seen(|snapshot| {
        let table = snapshot.table("people").expect("it is there");
        table.collection.field("ssn").is_some_and(|field| field.default.is_none())
    })
    .await;
    for answer in [
        client.post("/v1/records/people", json!({"id": 5, "name": "eve"})).await,
        client.put("/v1/records/people/5", json!({"name": "eve"})).await,
    ] {
        answer.expect_status(422).expect_unsaid(SECRETS);
    }
    app.sql("create function refuse() returns trigger language plpgsql as 'begin new.ssn := null; return new; end';
             create trigger refuse before update on people for each row execute function refuse()").await;
    client
        .patch("/v1/records/people/1", json!({"name": "x"}))
        .await
        .expect_status(422)
        .expect_unsaid(SECRETS);
    // The admin is told all of it.
    let admin = app.admin().await;
    let told = admin.post("/v1/records/people", json!({"id": 5, "name": "eve"})).await.expect_status(422);
    assert_eq!(told.problem().errors[0].pointer, "/ssn");
}

fn decoded(cursor: &str) -> String {
    // base64url, of which only what is readable matters here.
    let digit = |byte: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".iter().position(|&b| b == byte)
    };
    let bits: Vec<u8> = cursor
        .bytes()
        .filter_map(digit)
        .flat_map(|value| (0..6).rev().map(move |bit| (value >> bit & 1) as u8))
        .collect();
    let bytes: Vec<u8> =
        bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
