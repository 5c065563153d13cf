//! Changes of the schema that other programs make.

use annex_tests::TestApp;
use serde_json::{Value, json};

async fn posts(app: &TestApp) {
    app.collection(json!({
        "name": "posts",
        "fields": [{"name": "title", "type": "text"}, {"name": "status", "type": "text"}],
        "rules": {"list": "status = \"published\"", "view": "title = \"a\"", "create": ""}
    }))
    .await;
    app.sql("insert into public.posts (title, status) values ('a', 'published')").await;
}

#[tokio::test]
async fn a_change_with_psql_is_seen() {
    let app = TestApp::start().await;
    posts(&app).await;
    app.sql(
        "alter table public.posts add column score numeric(4, 1) not null default 1;
         alter table public.posts rename column title to headline;
         create type public.lang as enum ('en', 'de');
         alter table public.posts add column lang public.lang;
         alter type public.lang add value 'fr' before 'de';
         create index on public.posts using gin (to_tsvector('english', headline));
         create unique index on public.posts (score) where score > 5;",
    )
    .await;
    app.schema_seen(|snapshot| {
        snapshot.table("posts").is_some_and(|table| table.collection.indexes.len() == 2)
    })
    .await;
    let posts = app.admin().await.get("/v1/collections/posts").await.json();
    let names: Vec<&str> =
        posts["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["id", "headline", "status", "created_at", "updated_at", "score", "lang"]);
    assert_eq!(posts["fields"][6]["values"], json!(["en", "fr", "de"]));
    assert_eq!(posts["fields"][5]["unique"], false, "a partial index makes nothing unique");
    assert!(posts["indexes"].as_array().unwrap().iter().any(|index| index["kind"] == "full_text"));
}

#[tokio::test]
async fn a_rule_that_lost_its_field_denies_and_is_reported() {
    let app = TestApp::start().await;
    posts(&app).await;
    let ada = app.user("ada").await;
    assert_eq!(ada.get("/v1/records/posts").await.expect_status(200).items().len(), 1);
    app.sql("alter table public.posts drop column status").await;
    app.schema_seen(|snapshot| snapshot.table("posts").is_some_and(|table| table.column("status").is_none()))
        .await;
    let denied = ada.get("/v1/records/posts").await;
    assert!(denied.status >= 400 || denied.items().is_empty(), "{denied}");
    denied.expect_unsaid(&["published"]);
    let admin = app.admin().await;
    let posts = admin.get("/v1/collections/posts").await.json();
    assert!(posts["problems"][0].as_str().unwrap().contains("The rule `list` denies"), "{posts}");
    assert_eq!(posts["problems"].as_array().unwrap().len(), 1, "the other rules hold: {posts}");
    // It can be mended, and other things can be changed meanwhile.
    let add = json!({"changes": [{"action": "add_field", "field": {"name": "x", "type": "int"}}]});
    admin.patch("/v1/collections/posts", add).await.expect_status(200);
    admin.patch("/v1/collections/posts", json!({"rules": {"list": ""}})).await.expect_status(200);
    assert_eq!(ada.get("/v1/records/posts").await.expect_status(200).items().len(), 1);
}

#[tokio::test]
async fn a_table_that_is_gone_is_reported_and_not_served() {
    let app = TestApp::start().await;
    posts(&app).await;
    let admin = app.admin().await;
    app.sql("drop table public.posts").await;
    app.schema_seen(|snapshot| snapshot.served("posts").is_none()).await;
    admin.get("/v1/records/posts").await.expect_status(404);
    let posts = admin.get("/v1/collections/posts").await.expect_status(200).json();
    assert!(posts["problems"][0].as_str().unwrap().contains("not there any more"), "{posts}");
    admin.delete("/v1/collections/posts").await.expect_status(204);
    assert_eq!(admin.get("/v1/collections").await.items().len(), 0);
}

#[tokio::test]
async fn without_an_event_trigger_a_change_is_seen_too() {
    let app = TestApp::start().await;
    // A database that does not let Annex make event triggers.
    app.sql("drop event trigger annex_ddl; drop event trigger annex_drop").await;
    let limited = format!("annex_limited_{}", std::process::id());
    app.sql(&format!(
        "create role {limited} login; grant all on schema annex, public to {limited};
         grant all on all tables in schema annex to {limited}"
    ))
    .await;
    let options: sqlx::postgres::PgConnectOptions = app.database.url().parse().unwrap();
    let pool = sqlx::PgPool::connect_with(options.username(&limited)).await.unwrap();
    let catalogue = std::sync::Arc::new(annex::collections::catalogue::Catalogue::load(&pool).await.unwrap());
    catalogue.watch(&pool);
    app.sql("create table public.late (id int primary key)").await;
    app.sql("insert into annex.collections (name, schema_name, table_name, managed) values ('late', 'public', 'late', false)")
        .await;
    app.eventually("the collection is seen", || async { catalogue.snapshot().table("late").is_some() }).await;
    app.sql("alter table public.late add column more text").await;
    app.eventually("the column is seen", || async {
        catalogue.snapshot().table("late").is_some_and(|table| table.column("more").is_some())
    })
    .await;
    drop(catalogue);
    pool.close().await;
    app.sql(&format!("drop owned by {limited}; drop role {limited}")).await;
}

#[tokio::test]
async fn a_hidden_column_of_another_name_is_not_published() {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "people",
        "fields": [{"name": "name", "type": "text"}, {"name": "ssn", "type": "text", "hidden": true}],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    app.sql("insert into public.people (name, ssn) values ('ada', 'canary')").await;
    let admin = app.admin().await;
    let ada = app.user("ada").await;
    let row = admin.get("/v1/records/people").await.expect_status(200).items()[0].clone();
    let path = format!("/v1/records/people/{}", row["id"].as_str().unwrap());
    ada.get(&path).await.expect_status(200).expect_unsaid(&["canary"]);
    app.sql("alter table public.people rename column ssn to social_security_number").await;
    app.schema_seen(|snapshot| snapshot.table("people").is_some_and(|table| table.column("ssn").is_none()))
        .await;
    for client in [&ada, &app.anonymous()] {
        client.get(&path).await.expect_status(404).expect_unsaid(&["canary"]);
        let list = client.get("/v1/records/people").await.expect_unsaid(&["canary"]);
        assert!(list.status >= 400 || list.items().is_empty(), "{list}");
        let written = client.patch(&path, json!({"name": "x"})).await;
        assert!(written.status >= 400, "{written}");
    }
    assert_eq!(admin.get(&path).await.expect_status(200).json()["social_security_number"], "canary");
    let people = admin.get("/v1/collections/people").await.json();
    assert!(people["problems"][0].as_str().unwrap().contains("hidden field `ssn`"), "{people}");
    // Nothing that is changed otherwise opens the collection.
    let change =
        async |changes: Value| admin.patch("/v1/collections/people", json!({"changes": changes})).await;
    let closed = async || {
        for client in [&ada, &app.anonymous()] {
            client.get(&path).await.expect_status(404).expect_unsaid(&["canary"]);
        }
        let people = admin.get("/v1/collections/people").await.json();
        assert!(people["problems"][0].as_str().unwrap().contains("hidden field `ssn`"), "{people}");
    };
    change(json!([{"action": "add_field", "field": {"name": "x", "type": "int"}}])).await.expect_status(200);
    let rules = json!({"rules": {"update": null}});
    admin.patch("/v1/collections/people", rules).await.expect_status(200);
    closed().await;
    // A new field of the old name would have the other column forgotten.
    let again = json!({"name": "ssn", "type": "text", "hidden": true});
    let refused = change(json!([{"action": "add_field", "field": again}])).await.expect_status(409);
    assert!(refused.expect_problem("conflict").hint.unwrap().contains("let go of the name"));
    let file = json!({"collections": [{
        "name": "people",
        "fields": [{"name": "name", "type": "text"}, again],
        "rules": {"list": "", "view": ""}
    }]});
    for prune in [false, true] {
        let mut file = file.clone();
        file["prune"] = prune.into();
        admin.post("/v1/collections/apply", file).await.expect_status(409).expect_problem("conflict");
    }
    let unknown = change(json!([{"action": "alter_field", "name": "ssn", "required": true}])).await;
    unknown.expect_status(422);
    closed().await;
    // An admin says what it is called now, and lets go of the old name.
    let hide = json!({"action": "alter_field", "name": "social_security_number", "hidden": true});
    change(json!([hide])).await.expect_status(200);
    closed().await;
    change(json!([{"action": "alter_field", "name": "ssn", "hidden": false}])).await.expect_status(200);
    let shown = ada.get(&path).await.expect_status(200).expect_unsaid(&["canary", "social"]);
    assert_eq!(shown.json()["name"], "ada");
    change(json!([{"action": "add_field", "field": again}])).await.expect_status(200);
}

/// A collection whose hidden field another program has renamed.
async fn renamed() -> TestApp {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "people",
        "fields": [{"name": "name", "type": "text"}, {"name": "ssn", "type": "text", "hidden": true}],
        "rules": {"list": "", "view": ""}
    }))
    .await;
    app.rows("people", [json!({"name": "ada", "ssn": "canary"})]).await;
    app.sql("alter table public.people rename column ssn to number").await;
    app.schema_seen(|snapshot| snapshot.table("people").is_some_and(|table| table.column("ssn").is_none()))
        .await;
    app
}

#[tokio::test]
async fn a_field_that_gets_its_hidden_name_back_is_hidden() {
    let app = renamed().await;
    let admin = app.admin().await;
    let back = json!({"changes": [{"action": "rename_field", "name": "number", "to": "ssn"}]});
    let plan =
        admin.patch("/v1/collections/people?dry_run=true", back.clone()).await.expect_status(200).json();
    let fields = plan["collections"][0]["fields"].as_array().unwrap().clone();
    assert!(fields.iter().any(|field| field["name"] == "ssn" && field["hidden"] == true), "{plan}");
    let people = admin.patch("/v1/collections/people", back).await.expect_status(200).json();
    assert_eq!(people["problems"], json!([]));
    let list = app.anonymous().get("/v1/records/people").await.expect_status(200).expect_unsaid(&["canary"]);
    assert_eq!(list.items()[0]["name"], "ada");
}

#[tokio::test]
async fn a_file_that_prunes_names_all_that_is_hidden() {
    let app = renamed().await;
    let admin = app.admin().await;
    let mut file = json!({"collections": [{
        "name": "people",
        "fields": [{"name": "name", "type": "text"}, {"name": "number", "type": "text", "hidden": true}],
        "rules": {"list": "", "view": ""}
    }]});
    let anyone = app.anonymous();
    admin.post("/v1/collections/apply", file.clone()).await.expect_status(200);
    assert_eq!(anyone.get("/v1/records/people").await.expect_unsaid(&["canary"]).items().len(), 0);
    file["prune"] = true.into();
    admin.post("/v1/collections/apply", file).await.expect_status(200);
    assert_eq!(anyone.get("/v1/records/people").await.expect_unsaid(&["canary"]).items().len(), 1);
}

#[tokio::test]
async fn a_hidden_column_of_a_type_that_is_not_served_stays_hidden() {
    let app = TestApp::start().await;
    app.sql(
        "create type public.pair as (a int, b int);
         create table public.people (id int primary key, name text, secret public.pair);
         insert into public.people values (1, 'ada', '(770077007,88)');
         insert into annex.collections (name, schema_name, table_name, managed, hidden_fields, list_rule, view_rule)
         values ('people', 'public', 'people', false, '{secret}', '', '')",
    )
    .await;
    app.schema_seen(|snapshot| snapshot.served("people").is_some()).await;
    let admin = app.admin().await;
    admin.patch("/v1/collections/people", json!({"rules": {"update": ""}})).await.expect_status(200);
    app.sql("alter table public.people alter column secret type int using (secret).a").await;
    app.schema_seen(|snapshot| {
        snapshot.table("people").is_some_and(|table| table.column("secret").is_some())
    })
    .await;
    let list =
        app.anonymous().get("/v1/records/people").await.expect_status(200).expect_unsaid(&["770077007"]);
    assert_eq!(list.items(), [json!({"id": 1, "name": "ada"})]);
}
