//! `/healthz`, `/readyz`, `/metrics`

use annex_tests::TestApp;

#[tokio::test]
async fn the_server_says_that_it_serves_and_works() {
    let app = TestApp::start().await;
    app.anonymous().get("/healthz").await.expect_status(200).expect_said("ok");
    app.anonymous().get("/readyz").await.expect_status(200).expect_said("ready");
}
