//! `http.request`, against routes of the server itself.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Bytes, Path, ServiceConfig, get, resource, route};
use actix_web::{HttpRequest, HttpResponse};
use annex_tests::TestApp;
use serde_json::{Map, Value, json};

use super::{attempt, builder, enqueue, failed, succeeded};

fn routes(config: &mut ServiceConfig) {
    async fn echo(request: HttpRequest, body: Bytes) -> HttpResponse {
        let headers: Map<String, Value> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
            .collect();
        let body = String::from_utf8(body.to_vec()).unwrap();
        HttpResponse::Ok()
            .json(json!({"method": request.method().as_str(), "headers": headers, "body": body}))
    }
    async fn status(status: Path<u16>) -> HttpResponse {
        let mut answer = HttpResponse::build(StatusCode::from_u16(*status).unwrap());
        if *status == 429 {
            answer.insert_header((RETRY_AFTER, "120"));
        }
        answer.content_type("text/plain").body("because")
    }
    async fn binary() -> HttpResponse {
        HttpResponse::Ok().content_type("image/png").body(&b"\x89PNG\0"[..])
    }
    config
        .service(resource("/test/echo").route(route().to(echo)))
        .service(resource("/test/binary").route(get().to(binary)))
        .service(resource("/test/{status}").route(route().to(status)));
}

async fn start() -> TestApp {
    builder().set("ANNEX_OUTBOUND_ALLOW", "127.0.0.1").routes(routes).start().await
}

fn url(app: &TestApp, path: &str) -> String {
    format!("http://{}/test/{path}", app.address())
}

#[tokio::test]
async fn what_is_asked_and_what_is_answered_is_whole() {
    let app = start().await;
    let args = json!({
        "method": "POST", "url": url(&app, "echo"), "headers": {"X-Mine": "yes"}, "body": {"a": "ä"},
    });
    let job = enqueue(&app, "http.request", &args, json!({})).await;
    let result = attempt(&app, job).await["result"].clone();
    assert_eq!(
        (&result["status"], &result["headers"]["content-type"]),
        (&json!(200), &json!("application/json"))
    );
    let seen = &result["body"];
    assert_eq!((&seen["method"], &seen["body"]), (&json!("POST"), &json!(r#"{"a":"ä"}"#)));
    assert_eq!(seen["headers"]["x-mine"], "yes");
    assert_eq!(seen["headers"]["content-type"], "application/json");
    assert_eq!(seen["headers"]["idempotency-key"], job.to_string());

    let result = succeeded(&app, "http.request", json!({"url": url(&app, "binary")})).await;
    assert_eq!((result["body_base64"].as_str(), result.get("body")), (Some("iVBORwA="), None));
}

#[tokio::test]
async fn a_status_says_whether_it_is_tried_again() {
    let app = start().await;
    for (status, is_final) in [
        (400, true),
        (404, true),
        (302, true),
        (408, false),
        (425, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        let args = json!({"url": url(&app, &status.to_string())});
        let attempt = failed(&app, "http.request", args, "status_refused", is_final).await;
        assert_eq!(attempt["error"]["details"]["status"], status);
        if status != 302 {
            assert_eq!(attempt["error"]["details"]["body"], "because");
        }
        if status == 429 {
            assert_eq!(attempt["delay"], 120, "as long as the answer says");
        }
    }
    for (status, expected) in [(404, json!([404])), (404, json!(["4xx"])), (500, json!(["2xx", 500]))] {
        let args = json!({"url": url(&app, &status.to_string()), "expect_status": expected});
        assert_eq!(succeeded(&app, "http.request", args).await["status"], status);
    }
    let args = json!({"url": url(&app, "200"), "expect_status": [204]});
    failed(&app, "http.request", args, "status_refused", true).await;
}

#[tokio::test]
async fn what_cannot_be_called_is_told() {
    let app = builder().routes(routes).start().await;
    let attempt = failed(&app, "http.request", json!({"url": url(&app, "echo")}), "host_refused", true).await;
    assert_eq!(
        attempt["error"]["message"],
        "`127.0.0.1` is an address of this machine, which is not called unless ANNEX_OUTBOUND_ALLOW names it"
    );
    for args in [
        json!({}),
        json!({"url": "ftp://example.com"}),
        json!({"url": "https://ada:secret@example.com"}),
        json!({"url": "https://example.com", "headers": {"host": "other.example"}}),
    ] {
        let attempt = failed(&app, "http.request", args, "invalid_arguments", true).await;
        assert!(!attempt["error"]["message"].as_str().unwrap().contains("secret"), "{attempt}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_tried_again() {
    let app = start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let args = json!({"url": format!("http://{closed}/")});
    failed(&app, "http.request", args, "connect_failed", false).await;
}
