//! `GET /v1/openapi.core.json`, `GET /v1/openapi.json`, `GET /v1/asyncapi.json`

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::document::{AsyncApiDocument, OpenApiDocument};

use super::Rendered;
use crate::app::App;
use crate::extract::{Caller, NoParameters, Query};

/// `GET /v1/openapi.core.json`: the platform's document, without the collections of this server.
///
/// It is part of the program: the same for everybody, and the same as the committed `openapi/openapi.json`.
#[utoipa::path(
    get,
    path = "/v1/openapi.core.json",
    operation_id = "openapi_core",
    tag = "system",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` that the caller has.")),
    responses(
        (status = 200, description = "The document.", body = OpenApiDocument, headers(("ETag" = String, description = "Names the content."))),
        (status = 304, description = "The caller has it."),
    ),
    security(())
)]
pub async fn core(request: HttpRequest, _: Query<NoParameters>) -> HttpResponse {
    static RENDERED: LazyLock<Rendered> = LazyLock::new(|| Rendered::new(super::core()));
    answer(&request, &RENDERED)
}

/// `GET /v1/openapi.json`: the document of this server, with its collections as they are now.
///
/// An admin is shown the hidden fields too.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "openapi_full",
    tag = "system",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` that the caller has.")),
    responses(
        (status = 200, description = "The document.", body = OpenApiDocument, headers(("ETag" = String, description = "Names the content."))),
        (status = 304, description = "The caller has it."),
    ),
    security((), ("bearer" = []))
)]
pub async fn full(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
    _: Query<NoParameters>,
) -> HttpResponse {
    answer(&request, &app.documents.of(&app.catalogue.snapshot(), caller.is_admin()))
}

/// `GET /v1/asyncapi.json`: the document of the socket, with all of its messages.
///
/// It is part of the program: the same for everybody, and the same as the committed `openapi/asyncapi.json`.
#[utoipa::path(
    get,
    path = "/v1/asyncapi.json",
    operation_id = "asyncapi_get",
    tag = "system",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` that the caller has.")),
    responses(
        (status = 200, description = "The document.", body = AsyncApiDocument, headers(("ETag" = String, description = "Names the content."))),
        (status = 304, description = "The caller has it."),
    ),
    security(())
)]
pub async fn asyncapi(request: HttpRequest, _: Query<NoParameters>) -> HttpResponse {
    static RENDERED: LazyLock<Rendered> = LazyLock::new(|| Rendered::new(super::asyncapi::document()));
    answer(&request, &RENDERED)
}

fn answer(request: &HttpRequest, document: &Rendered) -> HttpResponse {
    let known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    let current = known.any(|tag| tag == document.etag || tag == "*");
    let mut answer = if current { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((ETAG, document.etag.as_str()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((VARY, "Authorization"));
    if current {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, "application/json")).body(document.body.clone())
}
