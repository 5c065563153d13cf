//! `POST /v1/collections`

use annex_tests::TestApp;
use serde_json::{Value, json};

/// One field of every type.
fn every_type() -> Value {
    json!({
        "name": "things",
        "fields": [
            {"name": "a_text", "type": "text", "required": true, "unique": true, "default": "it's \\ \"quoted\""},
            {"name": "an_email", "type": "email"},
            {"name": "a_url", "type": "url"},
            {"name": "a_bool", "type": "bool", "default": true},
            {"name": "an_int", "type": "int", "default": -5},
            {"name": "a_bigint", "type": "bigint", "default": "9007199254740993"},
            {"name": "a_float", "type": "float", "default": 1.5},
            {"name": "a_numeric", "type": "numeric", "default": "0.10"},
            {"name": "a_date", "type": "date", "default": "@now"},
            {"name": "a_timestamp", "type": "timestamp", "default": "@now"},
            {"name": "a_uuid", "type": "uuid", "default": "@uuid"},
            {"name": "a_json", "type": "json", "default": {"a": [1, "it's"]}},
            {"name": "an_enum", "type": "enum", "values": ["z last", "it's", "a"], "default": "it's"},
            {"name": "tags", "type": "text", "array": true, "default": ["a", "b,c", "d\"e"]},
            {"name": "moods", "type": "enum", "array": true, "values": ["happy", "sad"]},
            {"name": "numbers", "type": "bigint", "array": true},
            {"name": "owner", "type": "relation", "collection": "users", "on_delete": "set_null"},
            {"name": "parent", "type": "relation", "collection": "things", "on_delete": "cascade"},
            {"name": "a_file", "type": "file"},
            {"name": "some_files", "type": "files"}
        ],
        "indexes": [
            {"fields": ["an_int", "-a_date"]},
            {"fields": ["an_email", "a_url"], "kind": "unique"},
            {"fields": ["a_text", "an_email"], "kind": "full_text"}
        ],
        "rules": {"list": "", "view": "owner = @user.id"}
    })
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_asked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spec = every_type();
    let made = admin.post("/v1/collections", spec.clone()).await.expect_status(201);
    assert_eq!(made.header("location"), Some("/v1/collections/things"));
    let made = made.json();
    assert_eq!(made["problems"], json!([]));
    for asked in spec["fields"].as_array().unwrap() {
        let fields = made["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["name"] == asked["name"]).unwrap();
        for member in ["type", "array", "required", "unique", "values", "collection", "on_delete"] {
            let absent =
                if matches!(member, "array" | "required" | "unique") { json!(false) } else { Value::Null };
            assert_eq!(field[member], *asked.get(member).unwrap_or(&absent), "{member} of {field}");
        }
        assert_eq!(field["default"].is_null(), asked.get("default").is_none(), "{field}");
    }
    let system: Vec<&Value> =
        made["fields"].as_array().unwrap().iter().filter(|field| field["system"] == true).collect();
    assert_eq!(system.len(), 3);
    let indexes: Vec<(Value, Value)> = made["indexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|index| (index["kind"].clone(), index["fields"].clone()))
        .collect();
    for expected in [
        (json!("plain"), json!(["an_int", "-a_date"])),
        (json!("unique"), json!(["an_email", "a_url"])),
        (json!("full_text"), json!(["a_text", "an_email"])),
        (json!("unique"), json!(["a_text"])),
        (json!("plain"), json!(["owner"])),
        (json!("plain"), json!(["parent"])),
    ] {
        assert!(indexes.contains(&expected), "{expected:?} is not in {indexes:?}");
    }
    assert_eq!(made, admin.get("/v1/collections/things").await.expect_status(200).json());
}

#[tokio::test]
async fn defaults_are_what_was_said() {
    let app = TestApp::start().await;
    app.collection(every_type()).await;
    app.sql("insert into public.things default values").await;
    for (column, value) in [
        ("a_text", "it's \\ \"quoted\""),
        ("an_int", "-5"),
        ("a_bigint", "9007199254740993"),
        ("a_numeric", "0.10"),
        ("an_enum", "it's"),
        ("tags[3]", "d\"e"),
        ("a_json->'a'->>1", "it's"),
        ("created_at = updated_at", "true"),
        ("id <> a_uuid and substring(id::text, 15, 1) = '7'", "true"),
    ] {
        let query = format!("select ({column})::text from public.things");
        assert_eq!(app.sql_value(&query).await.as_deref(), Some(value), "{column}");
    }
    app.sql("update public.things set an_int = 1").await;
    let touched = app.sql_value("select updated_at > created_at from public.things").await;
    assert_eq!(touched.as_deref(), Some("true"));
}

#[tokio::test]
async fn everything_wrong_is_told_at_once_with_its_place() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spec = json!({
        "name": "posts",
        "fields": [
            {"name": "Title", "type": "text"},
            {"name": "id", "type": "text"},
            {"name": "xmin", "type": "text"},
            {"name": "status", "type": "enum"},
            {"name": "kind", "type": "text", "values": ["a"]},
            {"name": "mood", "type": "enum", "values": ["a", "a", ""]},
            {"name": "author", "type": "relation"},
            {"name": "editor", "type": "relation", "collection": "user"},
            {"name": "score", "type": "int", "default": "many"},
            {"name": "score", "type": "int"},
            {"name": "owner", "type": "relation", "collection": "users", "required": true, "on_delete": "set_null"},
            {"name": "friends", "type": "relation", "collection": "users", "array": true},
            {"name": "plain", "type": "int", "collection": "users", "on_delete": "cascade"}
        ]
    });
    let problem =
        admin.post("/v1/collections", spec).await.expect_status(422).expect_problem("validation_failed");
    let told: Vec<(&str, &str)> =
        problem.errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
    assert_eq!(
        told,
        [
            ("/fields/0/name", "invalid_name"),
            ("/fields/1/name", "reserved"),
            ("/fields/2/name", "reserved"),
            ("/fields/3/values", "required"),
            ("/fields/4/values", "not_allowed"),
            ("/fields/5/values/1", "duplicate"),
            ("/fields/5/values/2", "invalid"),
            ("/fields/6/collection", "required"),
            ("/fields/7/collection", "unknown_collection"),
            ("/fields/8/default", "invalid"),
            ("/fields/9/name", "duplicate"),
            ("/fields/10/on_delete", "invalid"),
            ("/fields/11/array", "not_allowed"),
            ("/fields/12/collection", "not_allowed"),
            ("/fields/12/on_delete", "not_allowed"),
        ]
    );
    assert!(problem.errors[8].detail.contains("did you mean `users`"), "{:?}", problem.errors[8]);
    assert_eq!(admin.get("/v1/collections").await.expect_status(200).items(), Vec::<Value>::new());
}

#[tokio::test]
async fn names_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (name, code) in [
        ("users", "reserved"),
        ("adopt", "reserved"),
        ("Posts", "invalid_name"),
        ("1posts", "invalid_name"),
        ("", "invalid_name"),
        ("posts; drop table x", "invalid_name"),
        (&"x".repeat(64), "invalid_name"),
    ] {
        let spec = json!({"name": name, "fields": []});
        let problem = admin.post("/v1/collections", spec).await.expect_problem("validation_failed");
        assert_eq!(
            (problem.errors[0].pointer.as_str(), problem.errors[0].code.as_str()),
            ("/name", code),
            "{name}"
        );
    }
    admin.post("/v1/collections", json!({"name": "posts", "fields": []})).await.expect_status(201);
    admin
        .post("/v1/collections", json!({"name": "posts", "fields": []}))
        .await
        .expect_status(409)
        .expect_problem("conflict");
    app.sql("create table public.there_already (id int)").await;
    let problem = admin
        .post("/v1/collections", json!({"name": "there_already", "fields": []}))
        .await
        .expect_problem("conflict");
    assert!(problem.hint.unwrap().contains("adopt"));
}

#[tokio::test]
async fn names_that_annex_makes_stay_within_what_postgres_keeps() {
    let app = TestApp::start().await;
    let long = "x".repeat(63);
    let made = app
        .collection(json!({
            "name": long,
            "fields": [
                {"name": long, "type": "enum", "values": ["a"], "unique": true},
                {"name": "y".repeat(63), "type": "relation", "collection": long}
            ],
            "indexes": [{"fields": [long, "created_at"]}, {"fields": [long, "-created_at"]}]
        }))
        .await;
    assert_eq!(made["indexes"].as_array().unwrap().len(), 4);
    assert_eq!(made["problems"], json!([]));
}

#[tokio::test]
async fn a_rule_is_checked_when_it_is_saved() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let spec = json!({
        "name": "posts",
        "fields": [{"name": "title", "type": "text"}],
        "rules": {"list": "titel = \"a\"", "update": "@new.title = ", "view": ""}
    });
    let problem =
        admin.post("/v1/collections", spec).await.expect_status(422).expect_problem("validation_failed");
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/rules/list", "/rules/update"]);
    assert!(problem.errors[0].detail.contains("character 1") && problem.errors[0].detail.contains("`title`"));
    assert_eq!(app.sql_value("select count(*) from annex.collections").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_rule_says_where_it_is_decided() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.sql("create extension citext; create table codes (id int primary key, code citext)").await;
    let codes = json!({"table": "codes", "rules": {"list": "code = \"a\"", "view": "id = 1", "create": ""}});
    let codes = admin.post("/v1/collections/adopt", codes).await.expect_status(201).json();
    let reason = "is public.citext, which the database compares by rules of its own";
    assert_eq!(codes["fields"][1]["database_alone"], reason);
    let classes = json!({
        "list": {"class": "sql", "reasons": [format!("`code` {reason}")]},
        "view": {"class": "row_local"},
        "create": null,
        "update": null,
        "delete": null
    });
    assert_eq!(codes["rule_classes"], classes);
    let spec = json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text"},
            {"name": "owner", "type": "relation", "collection": "users"}
        ],
        "rules": {
            "list": "owner = @user.id or title = \"free\"",
            "view": "owner.verified and exists(posts, owner = $.owner)",
            "create": "title > \"m\" and title ilike \"x%\"",
            "update": ""
        }
    });
    let classes = json!({
        "list": {"class": "row_local"},
        "view": {"class": "membership", "collections": ["posts", "users"]},
        "create": {"class": "sql", "reasons": [
            "`<`: the order of text is that of the database's collation",
            "`ilike`: letter case is that of the database's locale"
        ]},
        "update": null,
        "delete": null
    });
    let plan = admin.post("/v1/collections?dry_run=true", spec.clone()).await.expect_status(200).json();
    assert_eq!(plan["collections"][0]["rule_classes"], classes);
    let made = admin.post("/v1/collections", spec).await.expect_status(201).json();
    assert_eq!(made["rule_classes"], classes);
    let change = json!({"rules": {"list": "owner.verified", "create": null}});
    let plan = admin.patch("/v1/collections/posts?dry_run=true", change).await.expect_status(200).json();
    let planned = &plan["collections"][0]["rule_classes"];
    assert_eq!(planned["list"], json!({"class": "membership", "collections": ["users"]}));
    assert_eq!((&planned["create"], &planned["view"]), (&Value::Null, &classes["view"]));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let plan = admin.post("/v1/collections?dry_run=true", every_type()).await.expect_status(200).json();
    assert_eq!(plan["applied"], false);
    assert!(plan["steps"].as_array().unwrap().len() >= 7);
    assert_eq!(plan["collections"][0]["name"], "things");
    admin.get("/v1/collections/things").await.expect_status(404).expect_problem("not_found");
    assert_eq!(app.sql_value("select to_regclass('public.things')::text").await, None);
    assert_eq!(app.sql_value("select to_regtype('public.things_an_enum')::text").await, None);
    // What was planned is what is made, but for the spelling of defaults and of what the database makes of an index.
    let made = admin.post("/v1/collections", every_type()).await.expect_status(201).json();
    for (planned, made) in
        plan["collections"][0]["fields"].as_array().unwrap().iter().zip(made["fields"].as_array().unwrap())
    {
        let (mut planned, mut made) = (planned.clone(), made.clone());
        planned["default"] = Value::Null;
        made["default"] = Value::Null;
        assert_eq!(planned, made);
    }
}

#[tokio::test]
async fn only_admins_see_and_make_collections() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "posts", "fields": [{"name": "secret_plan", "type": "text"}]})).await;
    let user = app.user("ada").await;
    for path in ["/v1/collections", "/v1/collections/posts", "/v1/collections/nothing"] {
        app.anonymous().get(path).await.expect_status(401).expect_unsaid(&["secret_plan"]);
        user.get(path).await.expect_status(403).expect_unsaid(&["secret_plan"]);
    }
    let spec = json!({"name": "mine", "fields": []});
    app.anonymous().post("/v1/collections", spec.clone()).await.expect_status(401);
    user.post("/v1/collections", spec).await.expect_status(403);
    // Who may not is told so before what is wrong with the body.
    user.post("/v1/collections", json!({"nonsense": 1})).await.expect_status(403);
    assert_eq!(app.sql_value("select count(*) from annex.collections").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "posts", "fields": []})).await;
    for path in ["/v1/collections", "/v1/collections/posts"] {
        let first = admin.get(path).await.expect_status(200);
        let tag = first.header("etag").unwrap().to_owned();
        let again = admin.get(path).header("if-none-match", &tag).await.expect_status(304);
        assert!(again.body.is_empty());
        app.sql(&format!("alter table public.posts add column c{} int", path.len())).await;
        app.schema_seen(|snapshot| {
            snapshot.table("posts").is_some_and(|table| table.column(&format!("c{}", path.len())).is_some())
        })
        .await;
        admin.get(path).header("if-none-match", &tag).await.expect_status(200);
    }
    admin.get("/v1/collections/post").await.expect_status(404).expect_said("Did you mean `posts`?");
    admin.get("/v1/collections/users").await.expect_status(404);
}
