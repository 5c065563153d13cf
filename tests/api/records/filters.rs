//! `filter=` and `search=`, as docs/EXPRESSIONS.md says.

use annex_tests::{Client, TestApp};
use serde_json::json;

use super::support::{Settings, adopt, names, records, set_rule, with_parameters};

const POSTS: &str = r#"
    create type status as enum ('draft', 'published');
    create type other_status as enum ('published', 'draft', 'gone');
    create table posts (
        id int primary key, title text, status status, was other_status, score int, big bigint, price numeric, weight float8,
        day date, moment timestamptz, local timestamp, active bool, tags text[], meta jsonb, raw json, address inet, owner uuid, "in" int, "Odd ""name" text
    );
    insert into posts values
        (1, 'one', 'draft', 'draft', 1, 1, 1.5, 1.5, '2026-01-01', '2026-01-01T00:00:00Z', '2026-01-01 00:00:00', true,
         array['a', null, 'b'], '{"price": 10, "tags": ["x", 1, true], "odd key": {"n": null}}', '{"a": {"b": "c"}}', '10.0.0.1', null, 3, 'x'),
        (2, 'Two%', 'published', 'draft', 2, 5000000000, 'NaN', 'NaN', '2026-01-02', '2026-01-01T23:59:59.999999Z', '2026-01-02 12:00', false,
         '{}', '{"price": "10", "tags": "x"}', '[1]', null, null, null, null),
        (3, 'thr\ee', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
        (4, 'É', 'published', 'gone', -4, -4, -4, -4, '0044-03-15 BC', 'infinity', null, true, array['b'], '{"price": 1e2, "tags": []}', 'null', '::1', null, 4, null);
"#;

async fn ids(client: &Client, filter: &str) -> Vec<i64> {
    let answer =
        client.get(&records("posts", &[("filter", filter), ("sort", "id")])).await.expect_status(200);
    answer.items().iter().map(|row| row["id"].as_i64().expect("ids are numbers")).collect()
}

#[tokio::test]
async fn a_filter_passes_the_rows_for_which_it_is_true() {
    let app = TestApp::start().await;
    adopt(&app, "posts", POSTS, Settings::open()).await;
    let anyone = app.anonymous();
    let cases: &[(&str, &[i64])] = &[
        ("true", &[1, 2, 3, 4]),
        ("false", &[]),
        ("title = 'one'", &[1]),
        ("title != 'one'", &[2, 3, 4]),
        ("status = 'draft'", &[1]),
        ("status != 'draft'", &[2, 4]),
        ("not (status = 'draft')", &[2, 4]),
        ("status != 'draft' or status = null", &[2, 3, 4]),
        ("status = was", &[1]),
        ("status in ['draft']", &[1]),
        ("status not in ['draft']", &[2, 4]),
        ("status in []", &[]),
        ("status not in []", &[1, 2, 3, 4]),
        ("title = status", &[]),
        ("score > 1.5", &[2]),
        ("score < 1.5", &[1, 4]),
        ("score = 1.5", &[]),
        ("score != 1.5", &[1, 2, 4]),
        ("score < 99999999999", &[1, 2, 4]),
        ("score in [1, 1.5, 99999999999, -4]", &[1, 4]),
        ("score = big", &[1, 4]),
        ("big > 4999999999", &[2]),
        ("price = 1.50", &[1]),
        ("price > 1000000", &[2]),
        ("weight > 1000000", &[2]),
        ("weight = price", &[1, 2, 4]),
        ("score = weight", &[4]),
        ("day = '2026-01-01'", &[1]),
        ("day < '0001-01-01'", &[4]),
        ("moment < '2026-01-02T00:00:00Z' and moment >= '2026-01-01T23:59:59.999999Z'", &[2]),
        ("moment = '2026-01-01T01:00:00+01:00'", &[1]),
        ("day = moment", &[1]),
        ("moment > @now", &[4]),
        ("moment > @now + 1000d", &[4]),
        ("day < @today - 100w", &[4]),
        ("local > moment", &[2]),
        ("local = '2026-01-02T13:00:00+01:00'", &[2]),
        ("local in ['2026-01-02T13:00:00+01:00', '2025-01-01']", &[2]),
        ("active", &[1, 4]),
        ("not active", &[2]),
        ("active = false", &[2]),
        ("active = null", &[3]),
        ("tags contains 'a'", &[1]),
        ("tags not contains 'a'", &[2, 4]),
        ("'b' in tags", &[1, 4]),
        ("title in tags", &[]),
        ("length(tags) = 0", &[2]),
        ("length(tags) > 0", &[1, 4]),
        ("length(title) = 1", &[4]),
        ("upper(title) = 'ONE'", &[1]),
        ("title like 'T%'", &[2]),
        (r"title like '%\\%'", &[2]),
        (r"title like '%\\\\%'", &[3]),
        ("title like 'o_e'", &[1]),
        ("title ilike 'TWO_'", &[2]),
        ("title not like '%e'", &[2, 4]),
        ("title contains '%'", &[2]),
        (r"title contains '\\'", &[3]),
        ("title contains ''", &[1, 2, 3, 4]),
        ("status contains 'raf'", &[1]),
        ("meta.price > 9", &[1, 4]),
        ("meta.price = '10'", &[2]),
        ("meta.price = 100", &[4]),
        ("meta.price = null", &[3]),
        ("meta.tags contains 'x'", &[1]),
        ("meta.tags contains 1", &[1]),
        ("meta.tags contains true", &[1]),
        ("meta.tags contains false", &[]),
        ("not (meta.tags contains 'x')", &[4]),
        ("meta.tags[0] = 'x'", &[1]),
        ("meta.'odd key'.n = null and meta != null", &[1, 2, 4]),
        ("meta.'odd key' != null", &[1]),
        ("length(meta.tags) = 3", &[1]),
        ("raw.a.b = 'c'", &[1]),
        ("raw[0] = 1", &[2]),
        ("raw = null", &[3, 4]),
        ("address = '10.0.0.1/32'", &[1]),
        ("address like '%::%'", &[4]),
        ("`in` = 3", &[1]),
        ("`in` != null", &[1, 4]),
        ("`Odd \"name` = 'x'", &[1]),
        ("id in [1, 2] and score >= 2 or title = 'É'", &[2, 4]),
        ("owner = @user.id", &[]),
        ("owner != @user.id", &[]),
        ("@user.id = null", &[1, 2, 3, 4]),
        ("@user.email contains '@'", &[]),
        ("not (@user.email contains '@')", &[]),
        ("'admin' in @user.roles", &[]),
        ("'admin' not in @user.roles", &[]),
        ("exists(posts, id = $.score)", &[1, 2]),
        ("exists(posts, score = $.id and exists(posts, id = $.score))", &[1, 2]),
        ("not exists(posts, id = $.score)", &[3, 4]),
        ("title = '\\u0041'", &[]),
        (r#"title = "'" or title = "\u0027; drop table posts""#, &[]),
        ("meta[0] = 1 or meta[2000000000] = 1", &[]),
        ("meta.tags[1] = 1 and meta.tags[2]", &[1]),
        ("raw[0][0] = 1", &[]),
        ("not (meta.tags[0] = 'y')", &[1]),
    ];
    let mut wrong = Vec::new();
    for (filter, wanted) in cases {
        let answer = anyone.get(&records("posts", &[("filter", filter), ("sort", "id")])).await;
        if answer.status != 200 {
            wrong.push(format!("{filter}: {} {}", answer.status, answer.text()));
            continue;
        }
        let found: Vec<i64> = answer.items().iter().filter_map(|row| row["id"].as_i64()).collect();
        if found != *wanted {
            wrong.push(format!("{filter}: {found:?}, not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_known_of_the_caller_is_decided_as_the_database_would() {
    let app = TestApp::start().await;
    adopt(&app, "posts", POSTS, Settings::open()).await;
    let ada = app.user("ada").await;
    app.sql(
        "update annex.users set roles = '{editor,\"odd, \\\"role\\\"\"}' where email = 'ada@example.com'",
    )
    .await;
    let all: &[i64] = &[1, 2, 3, 4];
    let nobody = app.anonymous();
    let cases: &[(&str, &[i64], &[i64])] = &[
        ("@user.id != null", all, &[]),
        ("@user.email = 'ada@example.com'", all, &[]),
        ("@user.email != 'ada@example.com'", &[], &[]),
        ("@user.email contains '@example.com'", all, &[]),
        ("not (@user.email contains '@example.com')", &[], &[]),
        ("@user.email contains '@elsewhere.com'", &[], &[]),
        ("@user.email not contains '@elsewhere.com'", all, &[]),
        ("@user.email like '%@example.com'", all, &[]),
        ("lower(@user.email) = 'ada@example.com'", all, &[]),
        ("length(@user.email) = 15", all, &[]),
        ("@user.email in ['x', 'ada@example.com']", all, &[]),
        ("'editor' in @user.roles", all, &[]),
        ("@user.roles contains 'odd, \"role\"'", all, &[]),
        ("'admin' in @user.roles", &[], &[]),
        ("'admin' not in @user.roles", all, &[]),
        ("length(@user.roles) = 2", all, &[]),
        ("@user.orgs = null", &[], all),
        ("@user.claims.level = null", all, all),
        ("@user.claims.level > 1", &[], &[]),
        ("not (@user.claims.level > 1)", &[], &[]),
        ("@user.claims.groups contains 'x'", &[], &[]),
        ("not (@user.claims.groups contains 'x')", &[], &[]),
        ("@user.claims.groups not contains 'x'", &[], &[]),
        ("@user.verified = null", &[], all),
        ("title = 'one' and @user.id != null", &[1], &[]),
        ("title = 'one' or @user.id != null", all, &[1]),
        ("title = 'one' or @user.email = 'x'", &[1], &[1]),
        ("not (title = 'one' or @user.email = 'x')", &[2, 3, 4], &[]),
        ("title in @user.roles", &[], &[]),
        ("title not in @user.roles", all, &[]),
    ];
    let mut wrong = Vec::new();
    for (text, signed_in, anonymous) in cases {
        for (client, wanted) in [(&ada, *signed_in), (&nobody, *anonymous)] {
            let found = ids(client, text).await;
            if found != wanted {
                wrong.push(format!("filter {text}: {found:?}, not {wanted:?}"));
            }
        }
        // As a rule it is decided before the database is asked.
        set_rule(&app, "posts", "list", Some(text)).await;
        for (client, wanted) in [(&ada, *signed_in), (&nobody, *anonymous)] {
            let found = ids(client, "true").await;
            if found != wanted {
                wrong.push(format!("rule {text}: {found:?}, not {wanted:?}"));
            }
        }
        set_rule(&app, "posts", "list", Some("")).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_wrong_with_a_filter_is_told_with_its_place() {
    let app = TestApp::start().await;
    adopt(&app, "posts", POSTS, Settings::open()).await;
    let anyone = app.anonymous();
    for (filter, said) in [
        ("titel = 'x'", "title"),
        ("title = 5", "column 9"),
        ("status = 'drafd'", "draft"),
        ("title ==", "column"),
        ("@new.title = 'x'", "@new"),
        ("exists(nope, true)", "nope"),
        ("title like 'x\\\\'", "escape"),
        ("day = '2026-02-30'", "date"),
        ("title = '\\u0000'", "NUL"),
        ("meta.'a\\u0000' = 1", "NUL"),
        ("day < '-000044-01-01'", "date"),
    ] {
        let answer = anyone.get(&records("posts", &[("filter", filter)])).await.expect_status(400);
        let problem = answer.expect_problem("invalid_expression");
        assert_eq!(problem.errors[0].pointer, "?filter");
        answer.expect_said(said).expect_unsaid(&["$1", "select"]);
    }
}

#[tokio::test]
async fn a_filter_is_not_taken_where_the_operation_has_none() {
    let app = TestApp::start().await;
    adopt(&app, "posts", POSTS, Settings::open()).await;
    let path = with_parameters("/v1/records/posts/1", &[("filter", "true")]);
    app.anonymous().get(&path).await.expect_status(400).expect_problem("invalid_parameter");
}

#[tokio::test]
async fn words_are_searched_with_a_full_text_index() {
    let app = TestApp::start().await;
    adopt(
        &app,
        "pages",
        "create table pages (id int primary key, title text, body text, \"Body\" text, secret text);
         create index pages_search on pages using gin (to_tsvector('english', coalesce(title, '') || ' ' || coalesce(body, '')));
         insert into pages values (1, 'Running dogs', null), (2, null, 'the dog runs'), (3, 'cats', 'sleep'), (4, 'dog-cat', 'x');",
        Settings::open(),
    )
    .await;
    let anyone = app.anonymous();
    let search = async |words: &str| {
        let answer =
            anyone.get(&records("pages", &[("search", words), ("sort", "id")])).await.expect_status(200);
        answer.items().iter().filter_map(|row| row["id"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!(search("dog run").await, [1, 2]);
    assert_eq!(search("dogs -running").await, [4]);
    assert_eq!(search("\"running dogs\"").await, [1]);
    assert_eq!(search("cats or runs").await, [1, 2, 3, 4]);
    for odd in ["", " ", "'", "!!!", "& | !", "a:*", "\\", "((", "' ; drop table pages; --", "\u{202e}"] {
        assert_eq!(search(odd).await, [0i64; 0], "{odd}");
    }
    let counted = anyone
        .get(&records("pages", &[("search", "dog"), ("filter", "id > 1"), ("limit", "1")]))
        .header("prefer", "count=exact")
        .await;
    assert_eq!(counted.json()["count"], 2);
}

#[tokio::test]
async fn a_role_that_is_given_or_taken_counts_with_the_next_request() {
    let app = TestApp::start().await;
    let settings =
        Settings::open().reading("'editor' in @user.roles").rule("create", "'editor' in @user.roles");
    adopt(&app, "notes", "create table notes (id int primary key, title text)", settings).await;
    app.sql("insert into notes values (1, 'one')").await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    let account = format!("/v1/users/{}", ada.id());
    for _ in 0..3 {
        assert_eq!(ada.get(&records("notes", &[])).await.items().len(), 0);
        ada.get("/v1/records/notes/1").await.expect_problem("not_found");
        ada.post("/v1/records/notes", json!({"id": 2})).await.expect_problem("forbidden");
        admin.patch(&account, json!({"roles": ["editor"]})).await.expect_status(200);
        assert_eq!(names(&ada.get(&records("notes", &[])).await.items(), "title"), ["one"]);
        ada.get("/v1/records/notes/1").await.expect_status(200);
        ada.post("/v1/records/notes", json!({"id": 2})).await.expect_status(201);
        admin.patch(&account, json!({"roles": []})).await.expect_status(200);
        app.sql("delete from notes where id = 2").await;
    }
}
