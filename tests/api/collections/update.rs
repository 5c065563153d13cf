//! `PATCH /v1/collections/{name}`

use annex_openapi::collections::FieldType;
use annex_openapi::users::FIELDS;
use annex_tests::{Answer, Client, TestApp};
use serde_json::{Value, json};

async fn posts(app: &TestApp) -> Client {
    app.collection(json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text", "required": true},
            {"name": "status", "type": "enum", "values": ["draft", "published"], "default": "draft", "required": true},
            {"name": "score", "type": "int"},
            {"name": "author", "type": "relation", "collection": "users"}
        ],
        "rules": {"list": "status = \"published\" or author = @user.id", "view": ""}
    }))
    .await;
    app.collection(json!({
        "name": "comments",
        "fields": [{"name": "post", "type": "relation", "collection": "posts", "on_delete": "cascade"}],
        "rules": {"list": "post.status = \"published\" and exists(posts, status = \"draft\")"}
    }))
    .await;
    app.sql("insert into public.posts (title, status, score) values ('one', 'draft', 1), ('two', 'published', null)")
        .await;
    app.admin().await
}

async fn change(admin: &Client, change: Value) -> Answer {
    admin.patch("/v1/collections/posts", json!({"changes": [change]})).await
}

fn field<'a>(collection: &'a Value, name: &str) -> &'a Value {
    let fields = collection["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn fields_are_added() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let add = |field: Value| json!({"action": "add_field", "field": field});
    let answer =
        change(&admin, add(json!({"name": "subtitle", "type": "text"}))).await.expect_status(200).json();
    assert_eq!(field(&answer, "subtitle")["type"], "text");
    let with_default =
        json!({"name": "lang", "type": "enum", "values": ["en", "de"], "default": "en", "required": true});
    change(&admin, add(with_default)).await.expect_status(200);
    assert_eq!(
        app.sql_value("select count(*) from public.posts where lang = 'en'").await.as_deref(),
        Some("2")
    );
    let editor =
        json!({"name": "editor", "type": "relation", "collection": "users", "on_delete": "set_null"});
    let answer = change(&admin, add(editor)).await.expect_status(200).json();
    assert_eq!(field(&answer, "editor")["on_delete"], "set_null");
    assert!(answer["indexes"].as_array().unwrap().iter().any(|index| index["fields"] == json!(["editor"])));

    let problem = change(&admin, add(json!({"name": "slug", "type": "text", "required": true})))
        .await
        .expect_status(422)
        .expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/changes/0/field/required");
    assert!(problem.detail.contains("2 rows"), "{problem:?}");
    assert!(problem.hint.unwrap().contains("default"));
    let twice = change(&admin, add(json!({"name": "title", "type": "text"})))
        .await
        .expect_problem("validation_failed");
    assert_eq!(twice.errors[0].pointer, "/changes/0/field/name");
}

#[tokio::test]
async fn a_renaming_takes_the_rules_along() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let rename = json!({"action": "rename_field", "name": "status", "to": "state"});
    let answer = change(&admin, rename).await.expect_status(200).json();
    assert_eq!(answer["rules"]["list"], "state = \"published\" or author = @user.id");
    let comments = admin.get("/v1/collections/comments").await.json();
    assert_eq!(comments["rules"]["list"], "post.state = \"published\" and exists(posts, state = \"draft\")");
    assert_eq!(comments["problems"], json!([]));

    let answer =
        change(&admin, json!({"action": "rename", "name": "articles"})).await.expect_status(200).json();
    assert_eq!((&answer["name"], &answer["table"]), (&json!("articles"), &json!("public.articles")));
    let comments = admin.get("/v1/collections/comments").await.json();
    assert_eq!(
        comments["rules"]["list"],
        "post.state = \"published\" and exists(articles, state = \"draft\")"
    );
    assert_eq!(field(&comments, "post")["collection"], "articles");
    admin.get("/v1/collections/posts").await.expect_status(404);
    // The name is free again, and nothing that the old table left behind is in the way.
    posts_again(&app).await;
}

async fn posts_again(app: &TestApp) {
    app.collection(json!({
        "name": "posts",
        "fields": [
            {"name": "status", "type": "enum", "values": ["draft"], "unique": true},
            {"name": "author", "type": "relation", "collection": "users"}
        ]
    }))
    .await;
}

#[tokio::test]
async fn values_are_converted_where_they_can_be() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let alter = |members: Value| {
        let mut change = json!({"action": "alter_field"});
        change.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        change
    };
    for (name, members) in [
        ("score", json!({"type": "bigint", "default": "7"})),
        ("score", json!({"type": "numeric"})),
        ("score", json!({"type": "text"})),
        ("score", json!({"type": "float", "default": null})),
        ("score", json!({"type": "int", "array": true})),
        ("title", json!({"type": "enum", "values": ["one", "two", "three"]})),
        ("title", json!({"values": ["three", "two", "one"], "default": "two"})),
        ("title", json!({"values": ["zero", "three", "two", "one", "last"]})),
        ("title", json!({"type": "text"})),
        ("title", json!({"unique": true})),
        ("title", json!({"unique": false, "required": false})),
        ("status", json!({"values": ["published", "draft", "gone"]})),
        ("status", json!({"type": "text"})),
    ] {
        let mut members = members;
        members["name"] = json!(name);
        let answer = change(&admin, alter(members.clone())).await.expect_status(200).json();
        let field = field(&answer, name);
        for (member, value) in members.as_object().unwrap() {
            if member == "default" {
                assert_eq!(field["default"].is_null(), value.is_null(), "{members}: {field}");
            } else {
                assert_eq!(&field[member], value, "{members}: {field}");
            }
        }
        assert_eq!(answer["problems"], json!([]), "{members}");
    }
    let rows = "select string_agg(concat(title, ' ', status, ' ', score::text), ', ' order by title) from public.posts";
    assert_eq!(app.sql_value(rows).await.as_deref(), Some("one draft {1}, two published "));
    app.sql("insert into public.posts default values").await;
    let made = "select concat(title, ' ', status, ' ', score::text) from public.posts order by created_at desc limit 1";
    assert_eq!(app.sql_value(made).await.as_deref(), Some("two draft "));
    let types = "select count(*) from pg_type where typname like 'posts\\_%' and typtype = 'e'";
    assert_eq!(
        app.sql_value(types).await.as_deref(),
        Some("0"),
        "the types of enums are dropped with their last use"
    );
}

#[tokio::test]
async fn what_cannot_be_converted_is_a_sentence() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    for (members, code, said) in [
        (json!({"name": "title", "type": "int"}), "conflict", "cannot be converted"),
        (json!({"name": "score", "type": "date"}), "validation_failed", "from int to date"),
        (json!({"name": "status", "values": ["draft"]}), "conflict", "published"),
        (json!({"name": "score", "required": true}), "conflict", "without a value of `score`"),
        (json!({"name": "title", "type": "email"}), "conflict", "email_check"),
        (json!({"name": "title", "values": ["a"]}), "validation_failed", "Only an enum"),
        (json!({"name": "score", "default": "x"}), "validation_failed", "whole number"),
        (json!({"name": "titel", "required": false}), "validation_failed", "`title`"),
        (json!({"name": "created_at", "type": "text"}), "conflict", "comes by itself"),
        (json!({"name": "author", "required": true, "on_delete": "set_null"}), "validation_failed", "null"),
        (json!({"name": "author", "collection": "nobody"}), "validation_failed", "nobody"),
    ] {
        let mut alter = json!({"action": "alter_field"});
        alter.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let before = admin.get("/v1/collections/posts").await.json();
        let answer = change(&admin, alter).await;
        let problem = answer.expect_problem(code);
        assert!(problem.detail.contains(said), "{members}: {problem:?}");
        answer.expect_unsaid(&["alter table", "select "]);
        assert_eq!(admin.get("/v1/collections/posts").await.json(), before, "{members}");
    }
}

#[tokio::test]
async fn relations_come_and_go() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    app.collection(json!({"name": "people", "fields": []})).await;
    for (members, is) in [
        (json!({"on_delete": "cascade"}), json!(["relation", "users", "cascade"])),
        (json!({"collection": "people"}), json!(["relation", "people", "cascade"])),
        (json!({"type": "uuid"}), json!(["uuid", null, null])),
        (
            json!({"type": "relation", "collection": "users", "on_delete": "set_null"}),
            json!(["relation", "users", "set_null"]),
        ),
    ] {
        let mut alter = json!({"action": "alter_field", "name": "author"});
        alter.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let answer = admin
            .patch("/v1/collections/posts", json!({"changes": [alter], "rules": {"list": null}}))
            .await
            .expect_status(200)
            .json();
        let field = field(&answer, "author");
        assert_eq!(json!([field["type"], field["collection"], field["on_delete"]]), is, "{members}");
    }
}

#[tokio::test]
async fn a_field_that_a_rule_uses_stays() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let drop = json!({"action": "drop_field", "name": "status"});
    let problem = change(&admin, drop.clone()).await.expect_status(409).expect_problem("conflict");
    assert!(problem.detail.contains("rule `list`"), "{problem:?}");
    let both = json!({"changes": [drop], "rules": {"list": null}});
    let problem = admin.patch("/v1/collections/posts", both.clone()).await.expect_problem("conflict");
    assert!(problem.detail.contains("of `comments`"), "{problem:?}");
    admin.patch("/v1/collections/comments", json!({"rules": {"list": ""}})).await.expect_status(200);
    let plan =
        admin.patch("/v1/collections/posts?dry_run=true", both.clone()).await.expect_status(200).json();
    assert_eq!(plan["applied"], false);
    assert!(plan["steps"][0]["loses"].as_str().unwrap().contains("2 values"), "{plan}");
    assert_eq!(app.sql_value("select count(status) from public.posts").await.as_deref(), Some("2"));
    let answer = admin.patch("/v1/collections/posts", both).await.expect_status(200).json();
    assert!(field(&answer, "status").is_null());
}

#[tokio::test]
async fn indexes_come_and_go() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let add = |index: Value| json!({"action": "add_index", "index": index});
    change(&admin, add(json!({"fields": ["score", "-title"]}))).await.expect_status(200);
    let answer = change(&admin, add(json!({"fields": ["title"], "kind": "unique", "name": "one_title"})))
        .await
        .expect_status(200)
        .json();
    assert_eq!(field(&answer, "title")["unique"], true);
    change(&admin, add(json!({"fields": ["title"], "kind": "full_text"}))).await.expect_status(200);
    for (index, pointer) in [
        (json!({"fields": ["titel"]}), "/changes/0/index/fields/0"),
        (json!({"fields": ["title", "-title"]}), "/changes/0/index/fields/1"),
        (json!({"fields": []}), "/changes/0/index/fields"),
        (json!({"fields": ["score"], "kind": "full_text"}), "/changes/0/index/fields/0"),
        (json!({"fields": ["score"], "name": "one_title"}), "/changes/0/index/name"),
    ] {
        let problem = change(&admin, add(index)).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    let answer =
        change(&admin, json!({"action": "drop_index", "name": "one_title"})).await.expect_status(200).json();
    assert_eq!(field(&answer, "title")["unique"], false);
    app.sql("insert into public.posts (title) values ('two')").await;
    let again = add(json!({"fields": ["title"], "kind": "unique"}));
    let problem = change(&admin, again).await.expect_status(409).expect_problem("conflict");
    assert!(problem.detail.contains("same value"), "{problem:?}");
}

#[tokio::test]
async fn all_changes_are_made_or_none() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let changes = json!({"changes": [
        {"action": "add_field", "field": {"name": "one", "type": "text"}},
        {"action": "rename_field", "name": "one", "to": "first"},
        {"action": "add_index", "index": {"fields": ["first"]}},
        {"action": "rename", "name": "articles"},
        {"action": "alter_field", "name": "score", "required": true}
    ]});
    admin.patch("/v1/collections/posts", changes.clone()).await.expect_status(409);
    assert!(field(&admin.get("/v1/collections/posts").await.json(), "first").is_null());
    app.sql("update public.posts set score = 0").await;
    let answer = admin.patch("/v1/collections/posts", changes).await.expect_status(200).json();
    assert_eq!(answer["name"], "articles");
    assert_eq!(field(&answer, "first")["type"], "text");
    assert_eq!(field(&answer, "score")["required"], true);
}

#[tokio::test]
async fn a_lock_is_not_waited_for_without_end() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let mut other = app.database.connect().await;
    for statement in ["begin", "lock table public.posts in access share mode"] {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
    let add = json!({"action": "add_field", "field": {"name": "subtitle", "type": "text"}});
    let answer = change(&admin, add.clone()).await.expect_status(409);
    assert!(answer.expect_problem("conflict").detail.contains("locked"));
    assert!(answer.header("retry-after").is_some());
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    change(&admin, add).await.expect_status(200);
}

#[tokio::test]
async fn rules_alone_are_changed_too() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let answer = admin
        .patch("/v1/collections/posts", json!({"rules": {"list": null, "delete": ""}}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        answer["rules"],
        json!({"list": null, "view": "", "create": null, "update": null, "delete": ""})
    );
    let problem = admin
        .patch("/v1/collections/posts", json!({"rules": {"create": "nothing = 1"}}))
        .await
        .expect_status(422)
        .expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/rules/create");
    admin.patch("/v1/collections/users", json!({})).await.expect_status(404);
    admin.patch("/v1/collections/post", json!({})).await.expect_status(404).expect_said("`posts`");
    app.user("ada")
        .await
        .patch("/v1/collections/posts", json!({"rules": {"list": ""}}))
        .await
        .expect_status(403);
}

#[tokio::test]
async fn accounts_have_the_fields_that_the_contract_says() {
    let app = TestApp::start().await;
    let admin = posts(&app).await;
    let refused = async |filter: &str| {
        let answer = admin.get(&format!("/v1/records/posts?filter={filter}")).await;
        assert_eq!(answer.status, 400, "{filter}");
        answer.json().to_string()
    };
    let names = FIELDS.map(|(name, _)| name).join(", ");
    let unknown = refused("author.nope%20%3D%201").await;
    assert!(unknown.contains(&format!("Fields: {names}")), "{unknown}");
    for (name, type_) in FIELDS.into_iter().filter(|(_, type_)| *type_ != FieldType::Bool) {
        let type_ = serde_json::to_value(type_).unwrap();
        let mismatch = refused(&format!("author.{name}")).await;
        assert!(mismatch.contains(&format!("is {}, not a condition", type_.as_str().unwrap())), "{mismatch}");
    }
}
