//! `POST /v1/collections/{name}/rules/test`

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

const VIEW: &str = "status = \"published\" or owner = @user.id";

struct World {
    app: TestApp,
    admin: Client,
    ada: Client,
    bob: Client,
    /// Ada's draft.
    draft: String,
}

async fn world() -> World {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text", "required": true, "unique": true},
            {"name": "status", "type": "enum", "values": ["draft", "published"], "default": "draft"},
            {"name": "owner", "type": "relation", "collection": "users"},
            {"name": "room", "type": "int"}
        ],
        "rules": {
            "list": VIEW,
            "view": VIEW,
            "create": "owner = @user.id and not (title like \"spam%\")",
            "update": "owner = @user.id and @new.owner = owner",
            "delete": null
        }
    }))
    .await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let body = json!({"title": "Mine", "owner": ada.id()});
    let draft = ada.post("/v1/records/posts", body).await.expect_status(201).json();
    let draft = draft["id"].as_str().unwrap().to_owned();
    World { app, admin, ada, bob, draft }
}

impl World {
    async fn test(&self, test: Value) -> Value {
        self.admin.post("/v1/collections/posts/rules/test", test).await.expect_status(200).json()
    }

    async fn refused(&self, test: Value) -> annex_openapi::problem::Problem {
        let answer = self.admin.post("/v1/collections/posts/rules/test", test).await;
        answer.expect_status(422).expect_problem("validation_failed")
    }
}

/// Each part in short: its depth, its text, and for either executor what it says, with `!` where it decides.
fn parts(tested: &Value) -> Vec<String> {
    let value = |value: &Value| match value["value"].as_str() {
        Some(truth) => format!("{truth}{}", if value["decides"] == true { "!" } else { "" }),
        None => "-".to_owned(),
    };
    let part = |part: &Value| {
        format!(
            "{} {} | {} | {}",
            part["depth"],
            part["text"].as_str().unwrap(),
            value(&part["database"]),
            value(&part["server"])
        )
    };
    tested["parts"].as_array().unwrap().iter().map(part).collect()
}

#[tokio::test]
async fn each_part_says_what_it_comes_to() {
    let world = world().await;
    let (ada, bob) = (world.ada.id(), world.bob.id());
    let view = |user: Value| json!({"operation": "view", "user": user, "id": world.draft});
    let tested = world.test(view(json!(ada))).await;
    assert_eq!((&tested["allowed"], &tested["ground"]), (&json!(true), &json!("expression")));
    assert_eq!(
        parts(&tested),
        [
            &format!("0 {VIEW} | true! | true!"),
            "1 status = \"published\" | false | false",
            "1 owner = @user.id | true! | true!"
        ]
    );
    assert_eq!(tested["class"], json!({"class": "row_local"}));
    assert!(tested["sql"].as_str().unwrap().starts_with("select 1"), "{tested}");
    assert!(tested["binds"].as_array().unwrap().contains(&json!(ada)));
    assert!(tested["plan"][0].as_str().unwrap().contains("Scan"), "{tested}");

    let tested = world.test(view(json!(bob))).await;
    assert_eq!(tested["allowed"], false);
    assert_eq!(
        parts(&tested)[1..],
        ["1 status = \"published\" | false! | false!", "1 owner = @user.id | false! | false!"]
    );
    // Nobody is signed in: what compares with null is unknown.
    let tested = world.test(view(Value::Null)).await;
    assert_eq!(tested["allowed"], false);
    assert_eq!(
        parts(&tested),
        [
            &format!("0 {VIEW} | unknown! | unknown!"),
            "1 status = \"published\" | false | false",
            "1 owner = @user.id | unknown! | unknown!"
        ]
    );
    let list = json!({"operation": "list", "user": bob, "id": world.draft});
    assert_eq!(world.test(list).await["allowed"], false);
}

#[tokio::test]
async fn what_is_written_is_tried_and_nothing_stays() {
    let world = world().await;
    let (ada, bob) = (world.ada.id(), world.bob.id());
    let create = |user: &str, title: &str| json!({"operation": "create", "user": user, "values": {"title": title, "owner": ada}});
    let tested = world.test(create(ada, "A new one")).await;
    assert_eq!((&tested["allowed"], &tested["failure"]), (&json!(true), &Value::Null));
    let tested = world.test(create(ada, "spam and more")).await;
    assert_eq!(tested["allowed"], false);
    assert_eq!(
        parts(&tested)[1..],
        [
            "1 owner = @user.id | true | true",
            "1 not (title like \"spam%\") | false! | false!",
            "2 title like \"spam%\" | true! | true!"
        ]
    );
    assert_eq!(world.test(create(bob, "A new one")).await["allowed"], false);
    let taken = world.test(create(ada, "Mine")).await;
    assert_eq!(taken["allowed"], true, "{taken}");
    assert!(taken["failure"].as_str().is_some_and(|failure| failure.contains("title")), "{taken}");

    let update =
        |values: Value| json!({"operation": "update", "user": ada, "id": world.draft, "values": values});
    assert_eq!(world.test(update(json!({"title": "Changed"}))).await["allowed"], true);
    let given_away = world.test(update(json!({"owner": bob}))).await;
    assert_eq!(given_away["allowed"], false);
    assert_eq!(
        parts(&given_away)[1..],
        ["1 owner = @user.id | true | true", "1 @new.owner = owner | false! | false!"]
    );
    let titles = world.app.sql_value("select string_agg(title, ',') from posts").await;
    assert_eq!(titles.as_deref(), Some("Mine"), "nothing of it stays");

    let delete = json!({"operation": "delete", "user": ada, "id": world.draft});
    let tested = world.test(delete.clone()).await;
    assert_eq!((&tested["allowed"], &tested["ground"]), (&json!(false), &json!("admins_only")));
    assert_eq!((&tested["parts"], &tested["sql"]), (&json!([]), &Value::Null));
    let admin = world.admin.id();
    let tested = world.test(json!({"operation": "delete", "user": admin, "id": world.draft})).await;
    assert_eq!((&tested["allowed"], &tested["ground"]), (&json!(true), &json!("admin")));
    world.admin.get(&format!("/v1/records/posts/{}", world.draft)).await.expect_status(200);
}

#[tokio::test]
async fn rows_and_rules_that_are_not_there_can_be_tried() {
    let world = world().await;
    let ada = world.ada.id();
    let try_it = |rule: &str, row: Value| json!({"operation": "list", "user": ada, "row": row, "rule": rule});
    let tested =
        world.test(try_it("title ilike \"m%\" and room > 3", json!({"title": "Mine", "room": 5}))).await;
    assert_eq!(tested["allowed"], true);
    let class = json!({"class": "sql", "reasons": ["`ilike`: letter case is that of the database's locale"]});
    assert_eq!(tested["class"], class);
    assert_eq!(
        parts(&tested),
        [
            "0 title ilike \"m%\" and room > 3 | true! | -",
            "1 title ilike \"m%\" | true! | -",
            "1 room > 3 | true! | true"
        ]
    );
    let rule = "owner.email = @user.email and exists(posts, owner = $.owner and title = \"Mine\")";
    let tested = world.test(try_it(rule, json!({"owner": ada}))).await;
    assert_eq!((&tested["allowed"], &tested["class"]["class"]), (&json!(true), &json!("membership")));
    assert!(parts(&tested).iter().all(|part| part.ends_with("| true! | true!")), "{tested}");
    let tested = world.test(try_it("", json!({}))).await;
    assert_eq!((&tested["allowed"], &tested["ground"]), (&json!(true), &json!("everyone")));
    // Defaults are in the row; the collection's own rule is what it was.
    let tested = world.test(json!({"operation": "view", "row": {}, "rule": "status = \"draft\""})).await;
    assert_eq!(tested["allowed"], true);
    let posts = world.admin.get("/v1/collections/posts").await.expect_status(200).json();
    assert_eq!(posts["rules"]["list"], VIEW);
}

#[tokio::test]
async fn an_index_that_is_missing_is_told() {
    let world = world().await;
    world
        .app
        .sql("insert into posts (id, title, room) select annex.uuid_v7(), 'Post ' || n, n from generate_series(1, 5000) n; analyze posts")
        .await;
    let list = json!({"operation": "list", "row": {}, "rule": "room = 7"});
    let tested = world.test(list.clone()).await;
    let warning = tested["warnings"][0].as_str().unwrap_or_default();
    assert!(
        warning.contains("`posts` has about 5001 rows") && warning.contains("index over `room`"),
        "{tested}"
    );
    world.app.sql("create index on posts (room)").await;
    let change = json!({"rules": {"delete": ""}});
    world.admin.patch("/v1/collections/posts", change).await.expect_status(200);
    assert_eq!(world.test(list).await["warnings"], json!([]));
    let ranges = json!({"operation": "list", "row": {}, "rule": "room > 7"});
    assert_eq!(world.test(ranges).await["warnings"], json!([]), "no equality asks for one");
}

#[tokio::test]
async fn what_cannot_be_tried_is_told_with_its_place() {
    let world = world().await;
    let nobody = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
    for (test, pointer) in [
        (json!({"operation": "view"}), "/id"),
        (json!({"operation": "view", "id": world.draft, "row": {}}), "/row"),
        (json!({"operation": "create", "id": world.draft}), "/id"),
        (json!({"operation": "view", "id": world.draft, "values": {}}), "/values"),
        (json!({"operation": "create", "values": {}}), "/values/title"),
        (json!({"operation": "view", "row": {"rom": 1}}), "/row/rom"),
        (json!({"operation": "view", "row": {}, "rule": "rom = 1"}), "/rule"),
        (json!({"operation": "view", "row": {}, "user": nobody}), "/user"),
    ] {
        let problem = world.refused(test.clone()).await;
        assert_eq!(problem.errors[0].pointer, pointer, "{test}");
    }
    let missing = json!({"operation": "view", "id": nobody});
    world.admin.post("/v1/collections/posts/rules/test", missing.clone()).await.expect_problem("not_found");
    world.admin.post("/v1/collections/pots/rules/test", missing.clone()).await.expect_problem("not_found");
    world.ada.post("/v1/collections/posts/rules/test", missing.clone()).await.expect_problem("forbidden");
    world
        .app
        .anonymous()
        .post("/v1/collections/posts/rules/test", missing)
        .await
        .expect_problem("unauthenticated");
}
