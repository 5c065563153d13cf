//! `GET /v1/collections/{name}`

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::collections::Collection;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::plan::{State, no_collection};
use crate::collections::tagged;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Gets a collection
#[utoipa::path(
    get,
    path = "/v1/collections/{name}",
    operation_id = "collections_get",
    tag = "collections",
    params(("name" = String, Path, description = "The collection's name", example = "posts")),
    responses(
        (status = 200, description = "The collection", body = Collection,
         headers(("ETag" = String, description = "Changes whenever the collection does"))),
        (status = 304, description = "The caller has it already (`If-None-Match`)"),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    _: Admin,
    app: Data<App>,
    name: Path<String>,
    _: Query<NoParameters>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let snapshot = app.catalogue.snapshot();
    match snapshot.table(&name).filter(|table| !table.is_built_in()) {
        Some(table) => tagged(&request, &table.collection),
        None => Err(no_collection(&name, &State::of(&snapshot))),
    }
}
