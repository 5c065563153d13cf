//! The example program: Annex as a library.

use annex_tests::TestApp;
use serde_json::{Value, json};

const BOOKS: &str = "/v1/records/books";

async fn shop() -> TestApp {
    let app = TestApp::builder().program(bookshop::program()).set("ANNEX_JOBS_RUN", "true").start().await;
    let file: Value = serde_json::from_str(include_str!("../../examples/bookshop/annex.json")).unwrap();
    app.admin().await.post("/v1/collections/apply", file).await.expect_status(200);
    app
}

#[tokio::test]
async fn a_hook_of_the_program_changes_and_refuses_whichever_way_is_taken() {
    let app = shop().await;
    let ada = app.user("ada").await;
    let book = json!({"title": "Emma", "isbn": "978-3-16-148410-0", "stock": 2});
    let made = ada.post(BOOKS, book).await.expect_status(201).json();
    assert_eq!(made["isbn"], "9783161484100");
    let path = format!("{BOOKS}/{}", made["id"].as_str().unwrap());

    let wrong = json!({"title": "Emma", "isbn": "978-3-16-148410-1"});
    let create = json!({"method": "create", "collection": "books", "body": wrong});
    let update = json!({"method": "update", "collection": "books", "id": made["id"], "body": wrong});
    let single = [
        ada.post(BOOKS, wrong.clone()).await,
        ada.patch(&path, json!({"isbn": "1"})).await,
        ada.request("PUT", &path).json(&wrong).await,
    ];
    for answer in single {
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, "/isbn");
    }
    let sound = json!({"method": "create", "collection": "books", "body": {"title": "Persuasion"}});
    for (operations, pointer) in
        [(json!([sound, create]), "/operations/1/body/isbn"), (json!([update]), "/operations/0/body/isbn")]
    {
        let answer = ada.post("/v1/batch", json!({"operations": operations})).await;
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, pointer);
    }
    ada.patch(&format!("{BOOKS}?filter=true"), json!({"isbn": "1"})).await.expect_problem("conflict");
    ada.request("POST", &format!("{BOOKS}/import"))
        .body("text/csv", "title,isbn\nEmma,1\n")
        .await
        .expect_problem("conflict");
    assert_eq!(app.sql_value("select count(*) from public.books").await.as_deref(), Some("1"));
    assert_eq!(app.sql_value("select isbn from public.books").await.as_deref(), Some("9783161484100"));
    // The title alone is no business of the hook's.
    ada.patch(&path, json!({"title": "Emma."})).await.expect_status(200);
}

#[tokio::test]
async fn a_job_of_the_program_writes_with_its_end() {
    let app = shop().await;
    let admin = app.admin().await;
    let [book] = &app.rows("books", [json!({"title": "Emma"})]).await[..] else { panic!() };
    let wrong = json!({"kind": "books.reorder", "args": {"book": book["id"], "copies": 0}});
    let problem = admin.post("/v1/jobs", wrong).await.expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/args/copies");
    let job = json!({"kind": "books.reorder", "args": {"book": book["id"], "copies": 5}});
    let job = admin.post("/v1/jobs", job).await.expect_status(201).json();
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    app.eventually("it has succeeded", || async { admin.get(&path).await.json()["state"] == "succeeded" })
        .await;
    assert_eq!(admin.get(&path).await.json()["result"], json!({"order": job["id"]}));
    let orders = admin.get("/v1/records/orders").await.items();
    assert_eq!((orders.len(), &orders[0]["book"], &orders[0]["copies"]), (1, &book["id"], &json!(5)));
    let kinds = admin.get("/v1/job-kinds").await.items();
    assert!(kinds.iter().any(|kind| kind["name"] == "books.reorder" && kind["remote"] == false));
}

#[tokio::test]
async fn a_route_of_the_program_is_in_the_document_and_knows_its_caller() {
    let app = shop().await;
    let rows = [json!({"title": "Emma", "stock": 2}), json!({"title": "Persuasion", "stock": 9})];
    let rows = app.rows("books", rows).await;
    const PATH: &str = "/v1/bookshop/low-stock";
    app.anonymous().get(PATH).await.expect_problem("unauthenticated");
    let found = app.user("ada").await.get(PATH).await.expect_status(200).json();
    assert_eq!(found, json!([{"id": rows[0]["id"], "title": "Emma", "stock": 2}]));
    let document = app.anonymous().get("/v1/openapi.json").await.json();
    let operation = &document["paths"][PATH]["get"];
    assert_eq!(operation["operationId"], "bookshop_low_stock");
    assert_eq!(operation["responses"]["4XX"]["$ref"], "#/components/responses/Problem");
    assert!(document["components"]["schemas"]["LowStock"].is_object());
    let core = app.anonymous().get("/v1/openapi.core.json").await.json();
    assert_eq!(core["paths"][PATH], Value::Null, "the platform's own document stays what it is");
}
