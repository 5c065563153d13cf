//! Keys in paths: composite, text with odd characters, every type that a key may have.

use annex_tests::{Request, TestApp};
use serde_json::json;

use super::support::{Settings, adopt, members, records};

#[tokio::test]
async fn odd_text_is_a_key_too() {
    let app = TestApp::start().await;
    adopt(&app, "words", "create table words (word text primary key, n int)", Settings::open()).await;
    let anyone = app.anonymous();
    let odd = [
        "plain",
        "with space",
        "a/b",
        "a,b",
        "a%2Fb",
        "%",
        "%25",
        "a?b#c",
        "a&b=c",
        "é😀",
        "'\"\\",
        "..a",
        "a+b",
        "-",
        "_",
        "~",
        "{}",
        "[1]",
        "a\tb\n",
        "import",
        "\u{202e}",
        "$1",
        "null",
        "@:;!*()",
    ];
    for word in odd {
        let made = anyone.post("/v1/records/words", json!({"word": word, "n": 1})).await.expect_status(201);
        let location = made.header("location").expect("a location").to_owned();
        // The document knows only of rows to import at this path.
        let asked = |request: Request| if word == "import" { request.undocumented() } else { request };
        let got = asked(anyone.get(&location)).await.expect_status(200);
        assert_eq!(got.json()["word"], word, "{location}");
        asked(anyone.patch(&location, json!({"n": 2}))).await.expect_status(200);
        asked(anyone.put(&location, json!({"word": word, "n": 3}))).await.expect_status(200);
        assert_eq!(asked(anyone.get(&location)).await.json()["n"], 3);
    }
    assert_eq!(anyone.get(&records("words", &[("limit", "100")])).await.items().len(), odd.len());
    for word in odd {
        let row = anyone.get(&records("words", &[("filter", &format!("word = {}", json!(word)))])).await;
        assert_eq!(row.items().len(), 1, "{word}");
        let encoded: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        anyone.delete(&format!("/v1/records/words/{encoded}")).await.expect_status(204);
    }
    assert_eq!(anyone.get(&records("words", &[])).await.items().len(), 0);
    for nothing in ["%00", "%FF", "%C3", "%", "%zz", "nope", &"x".repeat(3000)] {
        anyone
            .get(&format!("/v1/records/words/{nothing}"))
            .await
            .expect_status(404)
            .expect_problem("not_found");
    }
}

#[tokio::test]
async fn a_key_may_have_parts() {
    let app = TestApp::start().await;
    let ddl =
        "create table seats (hall text, \"row no\" int, taken timestamptz, primary key (\"row no\", hall))";
    adopt(&app, "seats", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let made =
        anyone.post("/v1/records/seats", json!({"hall": "a,b/c", "row no": -3})).await.expect_status(201);
    let location = made.header("location").expect("a location").to_owned();
    assert_eq!(location, "/v1/records/seats/-3,a%2Cb%2Fc", "in the order of the key");
    anyone.get(&location).await.expect_status(200);
    anyone.get("/v1/records/seats/-3,a%2cb%2fc").await.expect_status(200);
    anyone.put("/v1/records/seats/4,", json!({"taken": null})).await.expect_status(201);
    assert_eq!(anyone.get("/v1/records/seats/4,").await.expect_status(200).json()["hall"], "");
    for nothing in ["-3", "-3,", "-3,a,b/c", "x,y", "-3,a%2Cb%2Fc,x", ",", "4294967296,a", "a%2Cb%2Fc,-3"] {
        let answer = anyone.get(&format!("/v1/records/seats/{nothing}")).await;
        answer.expect_status(404);
    }
    let answer = anyone.put("/v1/records/seats/5,x", json!({"hall": "y"})).await.expect_status(422);
    assert_eq!(answer.problem().errors[0].pointer, "/hall");
    let answer = anyone.patch(&location, json!({"hall": "y"})).await.expect_status(422);
    assert_eq!(answer.problem().errors[0].pointer, "/hall");
    let pages = anyone.get(&records("seats", &[("limit", "1")])).await.json();
    let cursor = pages["next_cursor"].as_str().expect("there is more");
    let next = anyone.get(&records("seats", &[("limit", "1"), ("cursor", cursor)])).await;
    assert_eq!(next.items()[0]["row no"], 4);
}

#[tokio::test]
async fn keys_of_many_types_lead_to_their_rows() {
    let app = TestApp::start().await;
    let types = [
        ("bools", "bool", vec!["true", "false"]),
        ("smalls", "int2", vec!["-5"]),
        ("bigs", "int8", vec!["9223372036854775807"]),
        ("numbers", "numeric", vec!["1.50", "NaN", "100000000000000000000.1"]),
        ("floats", "float8", vec!["0.1", "NaN", "Infinity", "-0.5"]),
        ("days", "date", vec!["2026-01-31", "0044-03-15 BC", "infinity"]),
        ("moments", "timestamptz", vec!["2026-01-31 12:00:00.000001Z", "-infinity"]),
        ("locals", "timestamp", vec!["2026-01-31 12:00:00"]),
        ("uuids", "uuid", vec!["0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"]),
        ("addresses", "inet", vec!["10.0.0.0/8", "::1"]),
        ("fixed", "char(5)", vec!["ab"]),
        ("moods", "mood", vec!["so \"so\""]),
        ("keyed_trees", "jsonb", vec![r#"{"a": 1}"#]),
    ];
    app.sql("create type mood as enum ('sad', 'so \"so\"')").await;
    for (name, type_, values) in types {
        adopt(&app, name, &format!("create table {name} (id {type_} primary key, n int)"), Settings::open())
            .await;
        for value in values {
            app.sql(&format!("insert into {name} values ('{value}', 1)")).await;
            let anyone = app.anonymous();
            let listed = anyone.get(&records(name, &[])).await.expect_status(200);
            let id = listed.items()[0]["id"].clone();
            // A client takes the text of the member for the path.
            let text = id.as_str().map_or(id.to_string(), str::to_owned);
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let path = format!("/v1/records/{name}/{encoded}");
            let got = anyone.get(&path).await;
            assert_eq!(got.status, 200, "{name} {value}: {got}");
            anyone.patch(&path, json!({"n": 2})).await.expect_status(200);
            let body = format!("{{\"id\":{}}}", members(&got)["id"]);
            anyone.delete(&path).await.expect_status(204);
            let made = anyone
                .request("POST", &format!("/v1/records/{name}"))
                .body("application/json", body)
                .await
                .expect_status(201);
            let location = made.header("location").expect("a location").to_owned();
            anyone.get(&location).await.expect_status(200);
            anyone.delete(&location).await.expect_status(204);
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_stand_in_a_path_is_told() {
    let app = TestApp::start().await;
    app.sql(
        "create table lists (id int[] primary key); create table secrets (id int primary key);
         insert into annex.collections (name, schema_name, table_name, managed, hidden_fields)
         values ('lists', 'public', 'lists', false, '{}'), ('secrets', 'public', 'secrets', false, '{id}')",
    )
    .await;
    app.schema_seen(|snapshot| snapshot.table("secrets").is_some()).await;
    let snapshot = app.inside().catalogue.snapshot();
    for (name, said) in [("lists", "is a list"), ("secrets", "is hidden")] {
        let problems = &snapshot.table(name).expect("it is there").collection.problems;
        assert!(problems.iter().any(|problem| problem.contains(said)), "{problems:?}");
        app.admin().await.get(&format!("/v1/records/{name}")).await.expect_status(404);
    }
}

#[tokio::test]
async fn the_first_part_of_a_key_may_be_empty() {
    let app = TestApp::start().await;
    adopt(&app, "pairs", "create table pairs (a text, b int, primary key (a, b))", Settings::open()).await;
    let anyone = app.anonymous();
    let made = anyone.post("/v1/records/pairs", json!({"a": "", "b": 1})).await.expect_status(201);
    let location = made.header("location").expect("a location").to_owned();
    assert_eq!(location, "/v1/records/pairs/,1");
    assert_eq!(anyone.get(&location).await.expect_status(200).json(), json!({"a": "", "b": 1}));
}
