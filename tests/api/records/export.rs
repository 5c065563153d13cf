//! `POST /v1/records/{collection}/export`

use annex_tests::{Answer, Client, TestApp};
use serde_json::{Value, json};

async fn export(client: &Client, collection: &str, body: Value) -> Answer {
    client.post(&format!("/v1/records/{collection}/export"), body).await
}

async fn import(client: &Client, collection: &str, media_type: &str, body: String) -> Value {
    let path = format!("/v1/records/{collection}/import");
    client.request("POST", &path).body(media_type, body).await.expect_status(200).json()
}

fn things(name: &str) -> Value {
    json!({
        "name": name,
        "fields": [
            {"name": "a_text", "type": "text"},
            {"name": "a_bool", "type": "bool"},
            {"name": "an_int", "type": "int"},
            {"name": "a_bigint", "type": "bigint"},
            {"name": "a_float", "type": "float"},
            {"name": "a_numeric", "type": "numeric"},
            {"name": "a_date", "type": "date"},
            {"name": "a_timestamp", "type": "timestamp"},
            {"name": "a_json", "type": "json"},
            {"name": "an_enum", "type": "enum", "values": ["it's", "a,b"]},
            {"name": "tags", "type": "text", "array": true}
        ],
        "rules": {"list": "", "view": ""}
    })
}

#[tokio::test]
async fn what_is_exported_can_be_imported_unchanged() {
    let app = TestApp::start().await;
    app.collection(things("things")).await;
    let admin = app.admin().await;
    let texts = [
        "",
        " ",
        "null",
        "\\N",
        "a,b",
        "say \"hi\"",
        "two\nlines",
        "cr\r",
        "\u{e9}\u{1f600}",
        "\u{feff}bom",
        "=1+1",
        "'x",
    ];
    let rows = texts.iter().map(|text| json!({"a_text": text, "tags": [text, null]}));
    app.rows("things", rows).await;
    let extremes = [
        json!({}),
        json!({
            "a_bool": false, "an_int": -1, "a_bigint": "-9223372036854775808", "a_float": "NaN", "a_numeric": "1.500",
            "a_date": "-000043-03-15", "a_timestamp": "2026-01-31T12:00:00.000001Z", "a_json": {"k": ["\"", 1.5, null]},
            "an_enum": "a,b", "tags": []
        }),
        json!({"a_float": 1e-7, "a_json": [], "a_numeric": "-Infinity", "a_timestamp": "infinity"}),
    ];
    let lines: String = extremes.iter().map(|row| format!("{row}\n")).collect();
    import(&admin, "things", "application/x-ndjson", lines).await;
    let wanted = admin.get("/v1/records/things?limit=1000&sort=id").await.expect_status(200).items();
    for (format, media_type) in [("csv", "text/csv"), ("ndjson", "application/x-ndjson")] {
        let exported = export(&admin, "things", json!({"format": format})).await.expect_status(200);
        assert_eq!(exported.media_type(), Some(media_type));
        let name = format!("attachment; filename=\"things.{format}\"");
        let exported = exported.expect_header("content-disposition", &name);
        app.collection(things(&format!("copy_{format}"))).await;
        let done = import(&admin, &format!("copy_{format}"), media_type, exported.text()).await;
        assert_eq!(done["inserted"], wanted.len(), "{done}");
        let path = format!("/v1/records/copy_{format}?limit=1000&sort=id");
        assert_eq!(admin.get(&path).await.expect_status(200).items(), wanted, "{format}");
    }
}

#[tokio::test]
async fn formulas_are_escaped_where_that_is_asked_for() {
    let app = TestApp::start().await;
    app.collection(things("things")).await;
    let texts = ["=1+1", "+1", "-1", "@a", "\ttab", "\rcr", "plain", "a=b"];
    app.rows("things", texts.map(|text| json!({"a_text": text, "an_int": -5}))).await;
    let asked = json!({"fields": ["a_text", "an_int"], "escape_formulas": true, "sort": ["created_at"]});
    let escaped = export(&app.anonymous(), "things", asked).await.expect_status(200).text();
    assert_eq!(
        escaped,
        "a_text,an_int\r\n'=1+1,-5\r\n'+1,-5\r\n'-1,-5\r\n'@a,-5\r\n'\ttab,-5\r\n\"'\rcr\",-5\r\nplain,-5\r\na=b,-5\r\n"
    );
    let plain =
        export(&app.anonymous(), "things", json!({"fields": ["a_text"], "filter": "a_text = \"=1+1\""}))
            .await;
    assert_eq!(plain.text(), "a_text\r\n=1+1\r\n");
}

#[tokio::test]
async fn an_export_has_what_a_list_has() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "notes",
        "fields": [
            {"name": "title", "type": "text"},
            {"name": "secret", "type": "text"},
            {"name": "owner", "type": "relation", "collection": "users"}
        ],
        "rules": {"list": "owner = @user.id"}
    }))
    .await;
    app.collection(json!({"name": "closed", "fields": [{"name": "title", "type": "text"}]})).await;
    app.sql("update annex.collections set hidden_fields = '{secret}' where name = 'notes'").await;
    app.schema_seen(|snapshot| {
        snapshot
            .table("notes")
            .is_some_and(|table| table.collection.field("secret").is_some_and(|field| field.hidden))
    })
    .await;
    let user = app.user("uma").await;
    app.rows(
        "notes",
        [
            json!({"title": "mine", "secret": "s3cret", "owner": user.id()}),
            json!({"title": "another's", "secret": "s3cret", "owner": null}),
        ],
    )
    .await;
    app.rows("closed", [json!({"title": "nobody's"})]).await;
    for format in ["csv", "ndjson"] {
        let answer = export(&user, "notes", json!({"format": format})).await.expect_status(200);
        answer.expect_said("mine").expect_unsaid(&["another", "s3cret", "secret"]);
        export(&app.anonymous(), "notes", json!({"format": format}))
            .await
            .expect_status(200)
            .expect_unsaid(&["mine"]);
        let answer = export(&user, "closed", json!({"format": format})).await.expect_status(200);
        answer.expect_unsaid(&["nobody"]);
    }
    for asked in
        [json!({"fields": ["secret"]}), json!({"sort": ["secret"]}), json!({"filter": "secret = \"s3cret\""})]
    {
        let answer = export(&user, "notes", asked).await.expect_status(400);
        assert!(!answer.text().contains("mine"));
    }
    let nothing = export(&app.anonymous(), "notes", json!({"fields": []})).await.expect_status(422);
    assert_eq!(nothing.expect_problem("validation_failed").errors[0].pointer, "/fields");
    let answer = export(&app.admin().await, "notes", json!({"fields": ["secret"]})).await.expect_status(200);
    assert_eq!(answer.text(), "secret\r\ns3cret\r\ns3cret\r\n");
    export(&user, "none", json!({})).await.expect_status(404).expect_problem("not_found");
    export(&user, "notes", json!({"formt": "csv"}))
        .await
        .expect_status(422)
        .expect_problem("validation_failed");
}

#[tokio::test]
async fn an_export_that_fails_in_the_middle_breaks_off() {
    let app = TestApp::start().await;
    // Without a sort the rows are computed as they are sent.
    for statement in [
        "do $$ begin execute format('alter database %I set enable_sort = off', current_database()); end $$",
        "create table public.numbers as select n, repeat('x', 100) as text from generate_series(1, 20000) n",
        "alter table public.numbers add primary key (n)",
        "create view public.broken as select n, text, 10 / (15000 - n) as quotient from public.numbers",
    ] {
        app.sql(statement).await;
    }
    let adopted = json!({"table": "broken", "primary_key": ["n"], "rules": {"list": ""}});
    app.admin().await.post("/v1/collections/adopt", adopted).await.expect_status(201);
    let exchange = app
        .raw(
            "POST /v1/records/broken/export HTTP/1.1\r\nhost: annex.test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await;
    assert_eq!(exchange.statuses(), [200]);
    assert!(exchange.text.contains("\r\n10000,"), "a part was sent");
    assert!(!exchange.text.ends_with("\r\n0\r\n\r\n"), "the end was not");
    assert!(!exchange.text.contains("division"), "nor why");
    // Before anything is sent there is an answer.
    let whole = export(&app.anonymous(), "broken", json!({"filter": "n < 100"})).await.expect_status(200);
    assert_eq!(whole.text().lines().count(), 100);
    let none = export(&app.anonymous(), "broken", json!({"filter": "n = 15000"})).await;
    none.expect_status(422).expect_problem("validation_failed");
}
