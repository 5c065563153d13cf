//! `GET /v1/collections`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::collections::{Collection, CollectionPage};
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::tagged;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Lists the collections
///
/// All of them, by name: what stands behind each, its fields, indexes and rules, and what is wrong with it.
#[utoipa::path(
    get,
    path = "/v1/collections",
    operation_id = "collections_list",
    tag = "collections",
    responses(
        (status = 200, description = "The collections, all on one page", body = CollectionPage,
         headers(("ETag" = String, description = "Changes whenever a collection does"))),
        (status = 304, description = "The caller has them already (`If-None-Match`)"),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let snapshot = app.catalogue.snapshot();
    let items: Vec<Collection> = snapshot
        .tables
        .values()
        .filter(|table| !table.is_built_in())
        .map(|table| table.collection.clone())
        .collect();
    tagged(&request, &CollectionPage { items, next_cursor: None })
}
