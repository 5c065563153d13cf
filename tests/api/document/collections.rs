//! `/v1/openapi.json`: each collection's own operations and types, as the database has it at that moment.

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

/// Tables made by another program, and taken in.
const TABLES: &str = "
    create type public.post_status as enum ('draft', 'published');
    create table public.posts (
        id          uuid primary key default gen_random_uuid(),
        title       text not null,
        status      public.post_status not null default 'draft',
        mood        public.post_status,
        tags        text[] not null default '{}',
        views       bigint not null default 0,
        price       numeric(12, 2),
        rating      double precision,
        pages       integer,
        due         date,
        meta        jsonb,
        author      uuid references annex.users (id),
        whisper     text,
        slug        text generated always as (lower(title)) stored,
        created_at  timestamptz not null default now()
    );
    create table public.comments (
        post    uuid not null references public.posts (id),
        number  integer not null,
        body    text not null,
        primary key (post, number)
    );
    create view public.titles as select id, title from public.posts;
    insert into annex.collections (name, schema_name, table_name, managed, primary_key, hidden_fields, list_rule, view_rule, create_rule)
    values ('posts', 'public', 'posts', false, null, '{whisper}', '', '', ''),
           ('comments', 'public', 'comments', false, null, '{}', '', '', null),
           ('titles', 'public', 'titles', false, '{id}', '{}', '', '', null);
";

async fn with_tables() -> TestApp {
    let app = TestApp::start().await;
    app.sql(TABLES).await;
    app.schema_seen(|snapshot| snapshot.served("titles").is_some()).await;
    app
}

async fn document(client: &Client) -> Value {
    client.get("/v1/openapi.json").await.expect_status(200).json()
}

fn property<'a>(document: &'a Value, schema: &str, property: &str) -> &'a Value {
    &document["components"]["schemas"][schema]["properties"][property]
}

#[tokio::test]
async fn a_collection_has_operations_of_its_own() {
    let app = with_tables().await;
    let document = document(&app.anonymous()).await;
    let paths = &document["paths"];
    for (path, method, name) in [
        ("/v1/records/posts", "get", "posts_list"),
        ("/v1/records/posts", "post", "posts_create"),
        ("/v1/records/posts/{id}", "get", "posts_get"),
        ("/v1/records/posts/{id}", "patch", "posts_update"),
        ("/v1/records/posts/{id}", "put", "posts_replace"),
        ("/v1/records/posts/{id}", "delete", "posts_delete"),
        ("/v1/records/comments", "get", "comments_list"),
        ("/v1/records/titles/{id}", "get", "titles_get"),
        ("/v1/records/posts/import", "post", "posts_import"),
        ("/v1/records/posts/export", "post", "posts_export"),
        ("/v1/records/titles/export", "post", "titles_export"),
    ] {
        assert_eq!(paths[path][method]["operationId"], name, "{method} {path}");
    }
    assert!(paths["/v1/records/{collection}"].is_null(), "the general operations are still there");
    assert!(paths["/v1/records/titles"]["post"].is_null(), "a view can be written");
    assert!(paths["/v1/records/titles/import"].is_null(), "a view can be imported into");
    for part in ["", "Create", "Update", "Replace", "Page"] {
        assert!(document["components"]["schemas"][format!("Post{part}")].is_object(), "Post{part}");
    }
}

#[tokio::test]
async fn every_value_has_its_exact_type() {
    let app = with_tables().await;
    let document = document(&app.anonymous()).await;
    for (field, expected) in [
        ("id", json!("string")),
        ("title", json!("string")),
        ("tags", json!("array")),
        ("views", json!("string")),
        ("price", json!(["string", "null"])),
        ("rating", json!(["number", "string", "null"])),
        ("pages", json!(["integer", "null"])),
        ("due", json!(["string", "null"])),
        ("author", json!(["string", "null"])),
        ("created_at", json!("string")),
    ] {
        assert_eq!(property(&document, "Post", field)["type"], expected, "{field}");
    }
    assert_eq!(property(&document, "Post", "created_at")["anyOf"][0]["format"], "date-time");
    assert_eq!(property(&document, "Post", "due")["anyOf"][0]["format"], "date");
    assert_eq!(property(&document, "Post", "tags")["items"]["type"], json!(["string", "null"]));
    assert_eq!(property(&document, "Post", "status")["$ref"], "#/components/schemas/PostStatus");
    assert_eq!(property(&document, "Post", "mood")["anyOf"][0]["$ref"], "#/components/schemas/PostMood");
    assert_eq!(document["components"]["schemas"]["PostStatus"]["enum"], json!(["draft", "published"]));
    assert!(property(&document, "Post", "meta")["type"].is_null(), "JSON has no type of its own");
}

#[tokio::test]
async fn what_cannot_be_written_is_not_in_the_bodies() {
    let app = with_tables().await;
    let document = document(&app.anonymous()).await;
    assert!(property(&document, "Post", "slug").is_object());
    for part in ["Create", "Update", "Replace"] {
        let schema = &document["components"]["schemas"][format!("Post{part}")];
        assert!(schema["properties"]["slug"].is_null(), "Post{part}");
        assert_eq!(schema["additionalProperties"], false, "Post{part}");
    }
    assert_eq!(document["components"]["schemas"]["PostCreate"]["required"], json!(["title"]));
    assert!(document["components"]["schemas"]["PostUpdate"]["required"].is_null());
    assert_eq!(
        document["components"]["schemas"]["CommentCreate"]["required"],
        json!(["post", "number", "body"])
    );
    assert_eq!(document["components"]["schemas"]["CommentReplace"]["required"], json!(["body"]));
}

#[tokio::test]
async fn a_hidden_field_is_known_to_admins_alone() {
    let app = with_tables().await;
    for client in [app.anonymous(), app.user("ada").await] {
        let answer = client.get("/v1/openapi.json").await.expect_status(200);
        answer.expect_unsaid(&["\"whisper\"", "`whisper`", "password_hash"]);
    }
    let document = document(&app.admin().await).await;
    assert!(property(&document, "Post", "whisper").is_object());
    assert!(property(&document, "PostCreate", "whisper").is_object());
}

#[tokio::test]
async fn relations_are_typed_on_both_sides() {
    let app = with_tables().await;
    let document = document(&app.anonymous()).await;
    assert_eq!(property(&document, "Post", "expand")["$ref"], "#/components/schemas/PostExpand");
    let author = property(&document, "PostExpand", "author");
    assert_eq!(author["anyOf"][0]["$ref"], "#/components/schemas/UserRecord");
    assert_eq!(
        property(&document, "PostExpand", "comments")["items"]["$ref"],
        "#/components/schemas/Comment"
    );
    assert_eq!(property(&document, "CommentExpand", "post")["anyOf"][0]["$ref"], "#/components/schemas/Post");
    assert!(property(&document, "Title", "expand").is_null());
}

#[tokio::test]
async fn the_document_follows_the_schema() {
    let app = with_tables().await;
    let first = app.anonymous().get("/v1/openapi.json").await.expect_status(200);
    let tag = first.header("etag").expect("there is a tag").to_owned();
    app.sql("alter table public.posts add column subtitle text; drop view public.titles").await;
    app.schema_seen(|snapshot| {
        snapshot.served("posts").is_some_and(|table| table.column("subtitle").is_some())
    })
    .await;
    let second =
        app.anonymous().get("/v1/openapi.json").header("if-none-match", &tag).await.expect_status(200);
    assert_ne!(second.header("etag"), Some(tag.as_str()));
    let document = second.json();
    assert_eq!(property(&document, "Post", "subtitle")["type"], json!(["string", "null"]));
    assert!(document["paths"]["/v1/records/titles"].is_null());
}

#[tokio::test]
async fn rows_are_as_the_document_says() {
    let app = with_tables().await;
    let admin = app.admin().await;
    let ada = app.user("ada").await;
    let post = json!({
        "title": "Hello", "mood": "published", "tags": ["a", null], "views": "9007199254740993", "price": "12.50",
        "rating": 4.5, "pages": 3, "due": "2026-01-31", "meta": {"a": [1, null]}, "author": ada.id(), "whisper": "hush",
    });
    let made = admin.post("/v1/records/posts", post).await.expect_status(201);
    let id = made.json()["id"].as_str().expect("there is an id").to_owned();
    admin
        .post("/v1/records/comments", json!({"post": id, "number": 1, "body": "First"}))
        .await
        .expect_status(201);
    for client in [app.anonymous(), ada, admin] {
        client.get("/v1/records/posts").await.expect_status(200);
        client.get(&format!("/v1/records/posts/{id}?expand=author,comments.post")).await.expect_status(200);
        client.get("/v1/records/posts?fields=title").header("prefer", "count=exact").await.expect_status(200);
        client.get(&format!("/v1/records/comments/{id},1")).await.expect_status(200);
        client.get(&format!("/v1/records/titles/{id}")).await.expect_status(200);
    }
}
