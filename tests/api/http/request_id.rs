//! `X-Request-Id`, in and out.

use annex_tests::TestApp;

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    let first = app.anonymous().get("/healthz").await;
    let second = app.anonymous().get("/healthz").await;
    let id =
        |header: Option<&str>| uuid::Uuid::parse_str(header.expect("there is an id")).expect("it is a UUID");
    assert_ne!(id(first.header("x-request-id")), id(second.header("x-request-id")));
}

#[tokio::test]
async fn a_harmless_id_of_the_client_comes_back() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/v1/nothing").header("x-request-id", "trace-0123.4_5").await;
    assert_eq!(answer.expect_problem("not_found").request_id, "trace-0123.4_5");
}

#[tokio::test]
async fn any_other_id_is_replaced() {
    let app = TestApp::start().await;
    let long = "a".repeat(65);
    for harmful in
        ["short", &long, "<script>alert(1)</script>", "with space in", "quote\"quote\"", "é-é-é-é-é"]
    {
        let answer = app.anonymous().get("/healthz").header("x-request-id", harmful).await;
        let id = answer.header("x-request-id").expect("there is an id");
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{harmful} became {id}");
    }
}
