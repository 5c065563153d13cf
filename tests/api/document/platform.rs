//! `/v1/openapi.core.json`, `/v1/asyncapi.json`, `/problems/{code}`

use annex::problem::Code;
use annex_tests::TestApp;
use serde_json::Value;

#[tokio::test]
async fn the_platform_is_the_same_for_everybody_and_as_committed() {
    let app = TestApp::start().await;
    let committed: Value = serde_json::from_str(include_str!("../../../openapi/openapi.json"))
        .expect("the committed document is JSON");
    for client in [app.anonymous(), app.user("ada").await, app.admin().await] {
        let served = client.get("/v1/openapi.core.json").await.expect_status(200).json();
        assert!(served == committed, "the served document is not the committed one");
    }
}

#[tokio::test]
async fn the_socket_is_the_same_for_everybody_and_as_committed() {
    let app = TestApp::start().await;
    let committed: Value = serde_json::from_str(include_str!("../../../openapi/asyncapi.json"))
        .expect("the committed document is JSON");
    for client in [app.anonymous(), app.admin().await] {
        let served = client.get("/v1/asyncapi.json").await.expect_status(200).json();
        assert!(served == committed, "the served document is not the committed one");
    }
}

#[tokio::test]
async fn who_has_the_document_is_not_sent_it_again() {
    let app = TestApp::start().await;
    for path in ["/v1/openapi.core.json", "/v1/openapi.json", "/v1/asyncapi.json"] {
        let first = app.anonymous().get(path).await.expect_status(200);
        let tag = first.header("etag").expect("there is a tag").to_owned();
        let again = app.anonymous().get(path).header("if-none-match", &tag).await.expect_status(304);
        assert!(again.body.is_empty());
        again.expect_header("etag", &tag);
        app.anonymous().get(path).header("if-none-match", "\"another\"").await.expect_status(200);
        app.anonymous().get(&format!("{path}?pretty=1")).await.expect_problem("invalid_parameter");
    }
}

#[tokio::test]
async fn every_kind_of_problem_has_its_page() {
    let app = TestApp::start().await;
    for code in Code::ALL {
        let answer = app.anonymous().get(&format!("/problems/{}", code.as_str())).await.expect_status(200);
        let kind = answer.json();
        assert_eq!(kind["code"], code.as_str());
        assert_eq!(kind["status"], code.status().as_u16());
        assert!(kind["description"].as_str().is_some_and(|text| text.ends_with('.')), "{kind}");
        assert!(kind["remedy"].as_str().is_some_and(|text| text.ends_with('.')), "{kind}");
    }
    app.anonymous().get("/problems/nothing").await.expect_problem("not_found");
}
