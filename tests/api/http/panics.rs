//! A panic ends what panicked and nothing else.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};
use annex_tests::TestApp;

fn routes(config: &mut ServiceConfig) {
    async fn in_the_handler() -> HttpResponse {
        panic!("the secret is hunter2")
    }
    async fn in_a_task() -> HttpResponse {
        let ended = tokio::spawn(async { panic!("the secret is hunter2") }).await;
        let here = actix_web::rt::spawn(async { panic!("the secret is hunter2") }).await;
        assert!(ended.is_err() && here.is_err());
        HttpResponse::NoContent().finish()
    }
    async fn unwatched() -> HttpResponse {
        drop(tokio::spawn(async { panic!("the secret is hunter2") }));
        drop(std::thread::spawn(|| panic!("the secret is hunter2")));
        HttpResponse::NoContent().finish()
    }
    config
        .route("/test/handler", get().to(in_the_handler))
        .route("/test/task", get().to(in_a_task))
        .route("/test/unwatched", get().to(unwatched));
}

#[tokio::test]
async fn a_panic_ends_the_request_alone() {
    let app = TestApp::builder().routes(routes).start().await;
    for _ in 0..20 {
        let answer = app.anonymous().get("/test/handler").undocumented().await;
        answer.expect_problem("internal");
        answer.expect_unsaid(&["hunter2", "panic", ".rs"]);
        app.anonymous().get("/test/task").undocumented().await.expect_status(204);
        app.anonymous().get("/test/unwatched").undocumented().await.expect_status(204);
        app.anonymous().get("/readyz").await.expect_status(200);
    }
    app.anonymous().get("/metrics").undocumented().await.expect_said("annex_panics_total 20");
}
