//! `POST /v1/collections/apply`

use annex_tests::TestApp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

fn library() -> Value {
    json!({"collections": [
        {
            "name": "books",
            "fields": [
                {"name": "title", "type": "text", "required": true, "default": "it's"},
                {"name": "author", "type": "relation", "collection": "authors", "required": true, "on_delete": "cascade"},
                {"name": "genre", "type": "enum", "values": ["a", "b"], "default": "a"},
                {"name": "price", "type": "numeric", "default": "-1.50"},
                {"name": "pages", "type": "int", "default": -5},
                {"name": "sold", "type": "bigint", "default": "9007199254740993"},
                {"name": "weight", "type": "float", "default": 0.1},
                {"name": "public", "type": "bool", "default": false},
                {"name": "printed", "type": "date", "default": "@now"},
                {"name": "bought", "type": "date", "default": "2026-01-31"},
                {"name": "read_at", "type": "timestamp", "default": "2026-01-31T12:00:00+02:00"},
                {"name": "seen_at", "type": "timestamp", "default": "@now"},
                {"name": "ticket", "type": "uuid", "default": "@uuid"},
                {"name": "site", "type": "url", "default": "https://example.com/a'b"},
                {"name": "meta", "type": "json", "default": {"b": 1, "a": [true, null]}},
                {"name": "tags", "type": "text", "array": true, "default": ["x", "y\\z"]},
                {"name": "moods", "type": "enum", "array": true, "values": ["sad"], "default": ["sad"]},
                {"name": "covers", "type": "files", "default": []},
                {"name": "isbn", "type": "text", "unique": true, "hidden": true}
            ],
            "indexes": [
                {"fields": ["author", "-printed"]},
                {"fields": ["title", "genre"], "kind": "unique", "name": "one_of_a_kind"},
                {"fields": ["title"], "kind": "full_text"},
                {"fields": ["pages"], "kind": "unique"}
            ],
            "rules": {"list": "", "view": "author.best = id", "update": "author.name = @user.email"}
        },
        {
            "name": "authors",
            "fields": [
                {"name": "name", "type": "text"},
                {"name": "best", "type": "relation", "collection": "books", "on_delete": "set_null"}
            ],
            "rules": {"list": "exists(books, author = $.id)"}
        }
    ]})
}

async fn apply(app: &TestApp, query: &str, body: &Value) -> Value {
    let path = format!("/v1/collections/apply{query}");
    app.admin().await.post(&path, body.clone()).await.expect_status(200).json()
}

fn is_nothing(plan: &Value) -> bool {
    plan["steps"] == json!([]) && plan["settings"] == json!([])
}

#[tokio::test]
async fn applying_twice_does_nothing() {
    let app = TestApp::start().await;
    let file = library();
    let planned = apply(&app, "?dry_run=true", &file).await;
    assert_eq!(planned["applied"], false);
    assert_eq!(app.sql_value("select count(*) from annex.collections").await.as_deref(), Some("0"));
    let done = apply(&app, "", &file).await;
    assert_eq!((&done["applied"], &done["steps"]), (&json!(true), &planned["steps"]));
    let names: Vec<&Value> =
        done["collections"].as_array().unwrap().iter().map(|made| &made["name"]).collect();
    assert_eq!(names, ["authors", "books"]);
    for collection in done["collections"].as_array().unwrap() {
        assert_eq!(collection["problems"], json!([]));
    }
    for query in ["?dry_run=true", ""] {
        let again = apply(&app, query, &file).await;
        assert!(is_nothing(&again), "{again:#}");
    }
    let mut pruning = file;
    pruning["prune"] = json!(true);
    let again = apply(&app, "", &pruning).await;
    assert!(is_nothing(&again), "{again:#}");
}

#[tokio::test]
async fn what_differs_is_changed_and_what_is_extra_stays_unless_pruned() {
    let app = TestApp::start().await;
    let mut file = library();
    apply(&app, "", &file).await;
    app.collection(json!({"name": "extra", "fields": []})).await;
    let books = &mut file["collections"][0];
    let fields = books["fields"].as_array_mut().unwrap();
    fields.retain(|field| field["name"] != "weight" && field["name"] != "moods");
    for field in fields.iter_mut() {
        match field["name"].as_str().unwrap() {
            "title" => field["default"] = json!("another"),
            "author" => field["on_delete"] = json!("restrict"),
            "genre" => field["values"] = json!(["b", "a", "c"]),
            "pages" => *field = json!({"name": "pages", "type": "bigint"}),
            "isbn" => *field = json!({"name": "isbn", "type": "text", "required": true}),
            _ => {}
        }
    }
    fields.push(json!({"name": "more", "type": "relation", "collection": "later"}));
    books["indexes"] = json!([{"fields": ["title"], "name": "one_of_a_kind"}]);
    books["rules"] = json!({"view": ""});
    file["collections"].as_array_mut().unwrap().push(json!({"name": "later", "fields": []}));
    let done = apply(&app, "", &file).await;
    assert!(!is_nothing(&done));
    let again = apply(&app, "", &file).await;
    assert!(is_nothing(&again), "{again:#}");
    let admin = app.admin().await;
    let books = admin.get("/v1/collections/books").await.json();
    assert!(books["fields"].as_array().unwrap().iter().any(|field| field["name"] == "weight"));
    assert_eq!(books["rules"]["list"], Value::Null);
    admin.get("/v1/collections/extra").await.expect_status(200);

    file["prune"] = json!(true);
    let plan = apply(&app, "?dry_run=true", &file).await;
    let statements = plan["steps"].to_string();
    for dropped in ["\\\"weight\\\"", "\\\"moods\\\"", "\\\"public\\\".\\\"extra\\\""] {
        assert!(statements.contains(dropped), "{dropped}: {plan:#}");
    }
    apply(&app, "", &file).await;
    admin.get("/v1/collections/extra").await.expect_status(404);
    let again = apply(&app, "", &file).await;
    assert!(is_nothing(&again), "{again:#}");
}

#[tokio::test]
async fn tables_are_adopted_and_pruned_collections_may_point_at_each_other() {
    let app = TestApp::start().await;
    app.sql("create table public.\"User\" (id text primary key, secret text)").await;
    let mut file = library();
    file["adopt"] = json!([{"table": "User", "hidden": ["secret"], "rules": {"list": ""}}]);
    file["collections"][1]["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "account", "type": "relation", "collection": "user"}));
    let done = apply(&app, "", &file).await;
    assert!(done["settings"].to_string().contains("public.User"), "{done:#}");
    let again = apply(&app, "", &file).await;
    assert!(is_nothing(&again), "{again:#}");
    file["adopt"][0]["rules"] = json!({"list": "id = @user.id"});
    let changed = apply(&app, "", &file).await;
    assert!(
        changed["steps"] == json!([]) && changed["settings"].as_array().unwrap().len() == 1,
        "{changed:#}"
    );
    let nothing = json!({"prune": true});
    apply(&app, "", &nothing).await;
    assert_eq!(app.admin().await.get("/v1/collections").await.items().len(), 0);
    assert!(app.sql_value("select to_regclass('public.\"User\"')::text").await.is_some());
    assert_eq!(app.sql_value("select to_regclass('public.books')::text").await, None);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place_and_nothing_is_done() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
    for (file, pointer) in [
        (
            json!({"collections": [{"name": "a", "fields": [{"name": "b", "type": "enum"}]}]}),
            "/collections/0/fields/0/values",
        ),
        (
            json!({"collections": [{"name": "a", "fields": []}, {"name": "a", "fields": []}]}),
            "/collections/1/name",
        ),
        (
            json!({"collections": [{"name": "a", "fields": []}, {"name": "posts", "fields": [{"name": "id", "type": "text"}]}]}),
            "/collections/1/fields/0/name",
        ),
        (
            json!({"collections": [{"name": "a", "fields": [], "rules": {"view": "x"}}]}),
            "/collections/0/rules/view",
        ),
        (
            json!({"collections": [{"name": "a", "fields": [{"name": "b", "type": "relation", "collection": "c"}]}]}),
            "/collections/0/fields/0/collection",
        ),
        (
            json!({"collections": [{"name": "a", "fields": []}], "adopt": [{"table": "nothing"}]}),
            "/adopt/0/table",
        ),
        (
            json!({"collections": [{"name": "posts", "fields": [{"name": "title", "type": "enum", "values": []}]}]}),
            "/collections/0/fields/0/values",
        ),
    ] {
        let problem =
            admin.post("/v1/collections/apply", file.clone()).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{file}");
    }
    assert_eq!(admin.get("/v1/collections").await.items().len(), 1);
}

/// A field of any type, with anything that a field of the type may have.
fn any_field(name: &'static str) -> impl Strategy<Value = Value> {
    let types = prop_oneof![
        Just(("text", vec![json!("it's"), json!("a\\b\"")])),
        Just(("email", vec![json!("ada@example.com")])),
        Just(("bool", vec![json!(true)])),
        Just(("int", vec![json!(-5), json!(7)])),
        Just(("bigint", vec![json!("-9007199254740993")])),
        Just(("float", vec![json!(-0.5), json!(1e300)])),
        Just(("numeric", vec![json!("12.50"), json!("-1")])),
        Just(("date", vec![json!("2026-01-31"), json!("@now")])),
        Just(("timestamp", vec![json!("2026-01-31T12:00:00.123Z"), json!("@now")])),
        Just(("uuid", vec![json!("@uuid"), json!("0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")])),
        Just(("json", vec![json!({"b": [1.0, null], "a": "'"}), json!([])])),
        Just(("enum", vec![json!("x"), json!("it's")])),
        Just(("relation", vec![])),
        Just(("file", vec![])),
        Just(("files", vec![json!([])])),
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..3_usize, any::<bool>());
    (types, flags).prop_map(
        move |((type_, defaults), (required, unique, array, hidden, default, swapped))| {
            let listable = !matches!(type_, "relation" | "file" | "files" | "json");
            let array = array && listable;
            let mut field =
                json!({"name": name, "type": type_, "required": required, "hidden": hidden, "array": array});
            field["unique"] = json!(unique && type_ != "json");
            if type_ == "enum" {
                field["values"] = if swapped { json!(["it's", "x", "z"]) } else { json!(["x", "y", "it's"]) };
            }
            if type_ == "relation" {
                field["collection"] = json!(if swapped { "users" } else { "others" });
                field["on_delete"] = json!(if required { "cascade" } else { "set_null" });
            }
            if let Some(value) = defaults.get(default) {
                let plain = value.as_str().is_none_or(|text| !text.starts_with('@'));
                match array {
                    true if plain => field["default"] = json!([value, value]),
                    true => {}
                    false => field["default"] = value.clone(),
                }
            }
            field
        },
    )
}

fn any_file() -> impl Strategy<Value = Value> {
    let fields = (
        proptest::option::of(any_field("one")),
        proptest::option::of(any_field("two")),
        proptest::option::of(any_field("three")),
    );
    let indexes = proptest::sample::subsequence(vec![0, 1, 2], 0..=3);
    (fields, indexes, any::<bool>()).prop_map(|((one, two, three), chosen, open)| {
        let fields: Vec<Value> = [one, two, three].into_iter().flatten().collect();
        let indexable: Vec<&Value> = fields.iter().filter(|field| field["type"] != "json").collect();
        let indexes: Vec<Value> = chosen
            .into_iter()
            .filter_map(|place| Some((place, indexable.get(place)?)))
            .map(|(place, field)| match place {
                0 => json!({"fields": [field["name"], "-created_at"]}),
                1 => json!({"fields": ["created_at", field["name"]], "kind": "unique"}),
                _ => json!({"fields": [field["name"]], "name": "by_third"}),
            })
            .collect();
        let rule = if open { json!("") } else { Value::Null };
        json!({"prune": true, "collections": [
            {"name": "things", "fields": fields, "indexes": indexes, "rules": {"list": rule}},
            {"name": "others", "fields": [{"name": "back", "type": "relation", "collection": "things"}]}
        ]})
    })
}

/// Each file is applied over what the one before left behind.
#[tokio::test]
async fn whatever_was_applied_needs_nothing_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut runner = TestRunner::deterministic();
    let (strategy, mut converted) = (any_file(), 0);
    for _ in 0..60 {
        let file = strategy.new_tree(&mut runner).expect("a file can be made up").current();
        let answer = admin.post("/v1/collections/apply", file.clone()).await;
        if answer.status == 422 {
            // Not everything can be converted; then it is made anew.
            assert!(answer.text().contains("not_convertible"), "{file:#}\n{answer}");
            apply(&app, "", &json!({"prune": true})).await;
            apply(&app, "", &file).await;
        } else {
            answer.expect_status(200);
            converted += 1;
        }
        let again = apply(&app, "?dry_run=true", &file).await;
        assert!(is_nothing(&again), "{file:#}\n{again:#}");
        for collection in admin.get("/v1/collections").await.items() {
            assert_eq!(collection["problems"], json!([]), "{file:#}");
        }
    }
    assert!(converted > 10, "{converted}");
}
