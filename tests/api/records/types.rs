//! Every type goes in and comes out as it is, to the last digit.

use annex_tests::TestApp;
use serde_json::json;

use super::support::{Settings, adopt, members, records};

const TABLE: &str = "
    create type mood as enum ('sad', 'so \"so\"', 'happy');
    create domain age as int check (value between 0 and 150);
    create table things (
        id uuid primary key default gen_random_uuid(),
        flag bool, small int2, whole int4, big int8, real float4, double float8,
        number numeric, price numeric(10, 2), words text, short varchar(5), email annex.email, link annex.url,
        day date, local timestamp, moment timestamptz, other uuid, plain json, tree jsonb, mood mood, age age,
        tags text[], wholes int[], numbers numeric[], moments timestamptz[], locals timestamp[], trees jsonb[], moods mood[],
        flags bool[], document annex.file, documents annex.files, address inet, pause interval, bytes bytea, span int4range
    );";

/// Writes the value and demands that exactly `read` comes back from the write, a read and a list, and that writing it
/// back changes nothing.
async fn round_trip(app: &TestApp, field: &str, written: &str, read: &str) {
    let admin = app.admin().await;
    let body = format!("{{{:?}: {written}}}", field);
    let path = records("things", &[]);
    let made = admin.request("POST", &path).body("application/json", body).await;
    assert_eq!(made.status, 201, "{field} = {written}: {made}");
    let value = members(&made)[field].get().to_owned();
    assert_eq!(value, read, "{field} = {written}");
    let own = format!("{path}/{}", made.json()["id"].as_str().expect("it has an id"));
    assert_eq!(members(&admin.get(&own).await.expect_status(200))[field].get(), read, "{field} = {written}");
    let listed =
        admin.get(&records("things", &[("sort", "-id"), ("limit", "1000")])).await.expect_status(200);
    assert!(listed.text().contains(&format!("{field:?}:{read}")), "{field} = {written}: {listed}");
    let again = admin
        .request("PATCH", &own)
        .body("application/json", format!("{{{field:?}: {value}}}"))
        .await
        .expect_status(200);
    assert_eq!(members(&again)[field].get(), read, "{field} = {value}, written back");
}

#[tokio::test]
async fn every_type_goes_in_and_comes_out_exactly() {
    let app = TestApp::start().await;
    adopt(&app, "things", TABLE, Settings::open()).await;
    let digits = "9".repeat(1000);
    let long = format!("\"-{digits}.{digits}1\"");
    let cases = [
        ("flag", "true", "true"),
        ("flag", "null", "null"),
        ("small", "-32768", "-32768"),
        ("whole", "2147483647", "2147483647"),
        ("whole", "-0", "0"),
        ("big", "\"9223372036854775807\"", "\"9223372036854775807\""),
        ("big", "\"-9223372036854775808\"", "\"-9223372036854775808\""),
        ("big", "9007199254740993", "\"9007199254740993\""),
        ("real", "0.1", "0.1"),
        ("real", "16777216", "16777216"),
        ("real", "\"NaN\"", "\"NaN\""),
        ("double", "0.1", "0.1"),
        ("double", "1e308", "1e308"),
        ("double", "5e-324", "5e-324"),
        ("double", "9007199254740993", "9007199254740992"),
        ("double", "\"Infinity\"", "\"Infinity\""),
        ("double", "\"-Infinity\"", "\"-Infinity\""),
        ("double", "\"NaN\"", "\"NaN\""),
        ("number", &long, &long),
        ("number", "\"1.500\"", "\"1.500\""),
        ("number", "0.1", "\"0.1\""),
        ("number", "\"-0.00001\"", "\"-0.00001\""),
        ("number", "123456789012345678901234567890.5", "\"123456789012345678901234567890.5\""),
        ("number", "\"1e20\"", "\"100000000000000000000\""),
        ("number", "\"10000\"", "\"10000\""),
        ("number", "\"NaN\"", "\"NaN\""),
        ("number", "\"Infinity\"", "\"Infinity\""),
        ("number", "\"-Infinity\"", "\"-Infinity\""),
        ("price", "\"12.30\"", "\"12.30\""),
        ("words", r#""""#, r#""""#),
        ("words", r#""a\"b\\c\n\t\u0001é😀\u2028""#, "\"a\\\"b\\\\c\\n\\t\\u0001é😀\u{2028}\""),
        ("words", r#""' ; drop table things; --""#, r#""' ; drop table things; --""#),
        ("words", r#""\\x41 $1 %s ? :x""#, r#""\\x41 $1 %s ? :x""#),
        ("short", r#""ééééé""#, r#""ééééé""#),
        ("email", r#""ada@example.com""#, r#""ada@example.com""#),
        ("link", r#""https://example.com/a?b=c#d""#, r#""https://example.com/a?b=c#d""#),
        ("day", "\"2024-02-29\"", "\"2024-02-29\""),
        ("day", "\"0001-01-01\"", "\"0001-01-01\""),
        ("day", "\"0000-12-31\"", "\"0000-12-31\""),
        ("day", "\"-000043-03-15\"", "\"-000043-03-15\""),
        ("day", "\"-004713-11-24\"", "\"-004713-11-24\""),
        ("day", "\"+010000-01-01\"", "\"+010000-01-01\""),
        ("day", "\"+294276-12-31\"", "\"+294276-12-31\""),
        ("day", "\"+5874897-12-31\"", "\"+5874897-12-31\""),
        ("day", "\"infinity\"", "\"infinity\""),
        ("day", "\"-infinity\"", "\"-infinity\""),
        ("moment", "\"2026-01-31T12:00:00Z\"", "\"2026-01-31T12:00:00Z\""),
        ("moment", "\"2026-01-31T12:00:00.120+02:00\"", "\"2026-01-31T10:00:00.120Z\""),
        ("moment", "\"1999-12-31T23:59:59.999999Z\"", "\"1999-12-31T23:59:59.999999Z\""),
        ("moment", "\"1969-12-31T23:59:59.000001Z\"", "\"1969-12-31T23:59:59.000001Z\""),
        ("moment", "\"-000043-03-15T09:30:00Z\"", "\"-000043-03-15T09:30:00Z\""),
        ("moment", "\"+294276-12-31T23:59:59.999999Z\"", "\"+294276-12-31T23:59:59.999999Z\""),
        ("moment", "\"infinity\"", "\"infinity\""),
        ("moment", "\"-infinity\"", "\"-infinity\""),
        ("local", "\"2026-01-31T12:00:00.000001Z\"", "\"2026-01-31T12:00:00.000001Z\""),
        ("local", "\"2026-01-31T12:00:00+05:30\"", "\"2026-01-31T06:30:00Z\""),
        ("local", "\"-000001-03-01T00:00:00Z\"", "\"-000001-03-01T00:00:00Z\""),
        ("local", "\"infinity\"", "\"infinity\""),
        ("other", "\"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\"", "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\""),
        (
            "plain",
            r#"{"b":1.00,"a":[1e3,null],"b2":"é\u00e9"}"#,
            r#"{"b":1.00,"a":[1e3,null],"b2":"é\u00e9"}"#,
        ),
        ("plain", "\"text\"", "\"text\""),
        ("tree", "123456789012345678901234567890.00010", "123456789012345678901234567890.00010"),
        ("tree", r#"{"a": [1, 2.50, "x", null, true, {}]}"#, r#"{"a": [1, 2.50, "x", null, true, {}]}"#),
        ("tree", r#""a \\u0000 b""#, r#""a \\u0000 b""#),
        ("tree", "[]", "[]"),
        ("mood", r#""so \"so\"""#, r#""so \"so\"""#),
        ("age", "150", "150"),
        ("tags", "[]", "[]"),
        (
            "tags",
            r#"["a", "NULL", null, "", "q\"uo'te", "b\\s", "{x,y}", " "]"#,
            r#"["a","NULL",null,"","q\"uo'te","b\\s","{x,y}"," "]"#,
        ),
        ("wholes", "[1, null, -3]", "[1,null,-3]"),
        ("numbers", r#"["0.10", null, "NaN"]"#, r#"["0.10",null,"NaN"]"#),
        ("moments", r#"["2026-01-31T12:00:00+01:00", null]"#, r#"["2026-01-31T11:00:00Z",null]"#),
        ("locals", r#"["2026-01-31T12:00:00+01:00", null]"#, r#"["2026-01-31T11:00:00Z",null]"#),
        ("trees", r#"[{"a":"\"}"}, [1], "x", null]"#, r#"[{"a": "\"}"},[1],"x",null]"#),
        ("moods", r#"["sad", null, "so \"so\""]"#, r#"["sad",null,"so \"so\""]"#),
        ("flags", "[true, null, false]", "[true,null,false]"),
        ("document", "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"", "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\""),
        (
            "documents",
            "[\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"]",
            "[\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"]",
        ),
        ("address", "\"192.168.0.0/16\"", "\"192.168.0.0/16\""),
        ("pause", "\"1 day 02:03:04.5\"", "\"1 day 02:03:04.5\""),
        ("bytes", r#""\\xdeadbeef""#, r#""\\xdeadbeef""#),
        ("span", "\"[1,5)\"", "\"[1,5)\""),
    ];
    for (field, written, read) in cases {
        round_trip(&app, field, written, read).await;
    }
}

#[tokio::test]
async fn a_wrong_value_is_told_by_its_place() {
    let app = TestApp::start().await;
    adopt(&app, "things", TABLE, Settings::open()).await;
    let admin = app.admin().await;
    // A few bytes of each would be written out as thousands.
    let many = format!("[{}1]", "1e-16383, ".repeat(20));
    let cases = [
        ("flag", "1", "/flag"),
        ("flag", "\"true\"", "/flag"),
        ("small", "32768", "/small"),
        ("whole", "2147483648", "/whole"),
        ("whole", "1.5", "/whole"),
        ("whole", "\"1\"", "/whole"),
        ("whole", "[]", "/whole"),
        ("big", "\"9223372036854775808\"", "/big"),
        ("big", "\"1.0\"", "/big"),
        ("big", "true", "/big"),
        ("real", "1e39", "/real"),
        ("double", "1e-400", "/double"),
        ("double", "\"0x10\"", "/double"),
        ("number", "\"1e200000\"", "/number"),
        ("number", "\"1_000\"", "/number"),
        ("number", "\"\"", "/number"),
        ("price", "\"123456789.00\"", "/price"),
        ("words", "5", "/words"),
        ("words", r#""a\u0000b""#, "/words"),
        ("short", "\"123456\"", "/short"),
        ("email", "\"ada\"", "/email"),
        ("link", "\"example.com\"", "/link"),
        ("day", "\"2023-02-29\"", "/day"),
        ("day", "\"-004714-01-01\"", "/day"),
        ("day", "\"-004713-01-01\"", "/day"),
        ("day", "\"today\"", "/day"),
        ("moment", "\"2026-01-31T12:00:00\"", "/moment"),
        ("moment", "\"2026-01-31T12:00:00.1234567Z\"", "/moment"),
        ("moment", "\"infinityT00:00:00Z\"", "/moment"),
        ("moment", "\"+294277-01-01T00:00:00Z\"", "/moment"),
        ("moment", "\"now\"", "/moment"),
        ("moment", "\"2026-01-31T12:00:0é\"", "/moment"),
        ("other", "\"x\"", "/other"),
        ("tree", r#"{"a": "\u0000"}"#, "/tree"),
        ("tree", r#"{"a": [1e400, 1e131072]}"#, "/tree/a/1"),
        ("tree", r#"{"a": [1e131071, {"b": [1e131071, 1e9]}]}"#, "/tree/a/1/b/1"),
        ("tree", &many, "/tree/16"),
        ("trees", "[{}, [1e-16384]]", "/trees/1/0"),
        ("numbers", r#"["1e131071", "1e131071", "1e9"]"#, "/numbers/2"),
        ("double", "1e400", "/double"),
        ("whole", "1e400", "/whole"),
        ("mood", "\"glad\"", "/mood"),
        ("age", "151", ""),
        ("tags", "\"a\"", "/tags"),
        ("tags", "[\"a\", 5]", "/tags/1"),
        ("tags", "[[\"a\"]]", "/tags/0"),
        ("wholes", "[1, 2147483648]", "/wholes/1"),
        ("document", "\"x\"", "/document"),
        ("documents", "[null]", "/documents/0"),
        ("address", "\"x\"", ""),
        ("pause", "\"soon\"", ""),
        ("bytes", "\"\\\\xzz\"", ""),
        ("nope", "1", "/nope"),
        ("a/b~c", "1", "/a~1b~0c"),
    ];
    let mut wrong = Vec::new();
    for (field, value, pointer) in cases {
        let body = format!("{{{field:?}: {value}}}");
        let answer = admin.request("POST", &records("things", &[])).body("application/json", body).await;
        answer.clone().expect_unsaid(&["$1", "::", "insert", "select", "pg_catalog"]);
        let told: Vec<String> = match answer.status {
            422 => answer.problem().errors.into_iter().map(|error| error.pointer).collect(),
            _ => Vec::new(),
        };
        if told != [pointer] {
            wrong.push(format!("{field} = {value}: {} {told:?} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(admin.get(&records("things", &[])).await.items().len(), 0, "nothing was written");
}

#[tokio::test]
async fn a_list_may_be_of_a_domain() {
    let app = TestApp::start().await;
    let ddl = "create domain positive as int check (value > 0); create domain odd as positive check (value % 2 = 1);
        create table lists (id int primary key, numbers positive[], odds odd[], ids annex.file[], mails annex.email[])";
    adopt(&app, "lists", ddl, Settings::open()).await;
    let anyone = app.anonymous();
    let id = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    let row = json!({"id": 1, "numbers": [1, null, 2], "odds": [3], "ids": [id], "mails": ["a@example.com"]});
    let made = anyone.post("/v1/records/lists", row.clone()).await.expect_status(201);
    assert_eq!(made.json(), row);
    let found = anyone.get(&records("lists", &[("filter", "numbers contains 2 and odds contains 3")])).await;
    assert_eq!(found.items(), [row]);
    for (field, wrong) in [("numbers", json!([0])), ("odds", json!([2])), ("mails", json!(["nobody"]))] {
        let answer = anyone.patch("/v1/records/lists/1", json!({field: wrong})).await.expect_status(422);
        answer.expect_problem("validation_failed");
    }
}

#[tokio::test]
async fn a_row_that_no_partition_takes_is_refused_in_words() {
    let app = TestApp::start().await;
    let ddl = "create table days (id int primary key) partition by range (id);
        create table some_days partition of days for values from (1) to (10)";
    adopt(&app, "days", ddl, Settings::open()).await;
    app.anonymous().post("/v1/records/days", json!({"id": 1})).await.expect_status(201);
    let refused = app.anonymous().post("/v1/records/days", json!({"id": 10})).await.expect_status(422);
    assert_eq!(refused.expect_problem("validation_failed").detail, "No partition of the table takes the row");
}

#[tokio::test]
async fn a_numeric_is_taken_as_far_as_postgres_holds_it() {
    let app = TestApp::start().await;
    adopt(&app, "things", TABLE, Settings::open()).await;
    let (whole, fraction) = (format!("1{}", "0".repeat(131_071)), format!("0.{}1", "0".repeat(16_382)));
    round_trip(&app, "number", "\"1e131071\"", &format!("\"{whole}\"")).await;
    round_trip(&app, "number", "\"-1E-16383\"", &format!("\"-{fraction}\"")).await;
    round_trip(&app, "numbers", "[\"10e131070\", \"0e200000\"]", &format!("[\"{whole}\",\"0\"]")).await;
    round_trip(&app, "price", "\"99999999.994\"", "\"99999999.99\"").await;
    let admin = app.admin().await;
    for (field, value, pointer) in [
        ("number", "\"1e131072\"", "/number"),
        ("number", "\"-10e131071\"", "/number"),
        ("number", "1e-16384", "/number"),
        ("number", "\"1e999999999999999999999\"", "/number"),
        ("numbers", "[1, \"1e131072\"]", "/numbers/1"),
        ("price", "\"99999999.995\"", "/price"),
        ("price", "\"-Infinity\"", "/price"),
    ] {
        let body = format!("{{{field:?}: {value}}}");
        let refused = admin.request("POST", &records("things", &[])).body("application/json", body).await;
        let problem = refused.expect_status(422).expect_problem("validation_failed");
        assert_eq!((&*problem.errors[0].pointer, &*problem.errors[0].code), (pointer, "out_of_range"));
    }
}

/// A number that most readers of JSON refuse, the harness too: these requests are sent, and their answers read, as text.
#[tokio::test]
async fn json_keeps_numbers_beyond_a_double() {
    let app = TestApp::start().await;
    adopt(&app, "things", TABLE, Settings::open()).await;
    let send = async |head: &str, media_type: &str, body: &str| {
        let length = body.len();
        let head = format!("{head} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {media_type}");
        let exchange = app.raw(format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}")).await;
        (exchange.statuses()[0], exchange.text)
    };
    let id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let own = format!("/v1/records/things/{id}");
    let [large, small] = [format!("1{}", "0".repeat(400)), format!("-0.{}25", "0".repeat(399))];
    let tree = format!("\"tree\":{{\"a\": [{large}, {small}]}}");
    let body = r#"{"plain": 1e400, "tree": {"a": [1e400, -2.5e-400]}}"#;
    let batch = format!(
        r#"{{"operations": [{{"method": "replace", "collection": "things", "id": "{id}", "body": {body}}}]}}"#
    );
    for (head, media_type, body, status) in [
        (format!("PUT {own}"), "application/json", body, 201),
        (format!("PATCH {own}"), "application/json", body, 200),
        (format!("GET {own}"), "application/json", "", 200),
        ("POST /v1/batch".to_owned(), "application/json", &batch, 200),
    ] {
        let (answered, text) = send(&head, media_type, body).await;
        assert_eq!(answered, status, "{head}: {text}");
        assert!(text.contains(&tree) && text.contains("\"plain\":1e400"), "{head}: {text}");
    }
    let lines = "{\"tree\": 1e400}\n{\"tree\": {\"a\": 1e400, \"a\": 1}}\n{\"tree\": 01e400}\n";
    let path = "POST /v1/records/things/import?mode=skip_bad";
    let (answered, text) = send(path, "application/x-ndjson", lines).await;
    assert!(answered == 200 && text.contains("\"inserted\":1") && text.contains("twice"), "{text}");
    let (answered, text) = send("GET /v1/records/things?limit=9", "application/json", "").await;
    assert!(answered == 200 && text.contains(&format!("\"tree\":{large}")), "{text}");
}
