//! `POST /v1/collections/adopt`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::collections::{AdoptRequest, Collection, Plan};
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::session::Session;
use crate::collections::{DryRun, made};
use crate::extract::{Admin, Json, Query};
use crate::problem::{Code, FieldError, Problem, Result};

/// Adopts a table
///
/// Takes an existing table, partitioned table, view, materialized view or foreign table in as a collection. The table
/// stays as it is, and other programs go on using it. Views can be read only.
#[utoipa::path(
    post,
    path = "/v1/collections/adopt",
    operation_id = "collections_adopt",
    tag = "collections",
    params(("dry_run" = Option<bool>, Query, description = "Only tells what would be done")),
    request_body(content = AdoptRequest, example = json!({
        "table": "public.Orders",
        "name": "orders",
        "hidden": ["internal_note"],
        "rules": {"list": "", "view": ""}
    })),
    responses(
        (status = 201, description = "The table is a collection", body = Collection,
         headers(("Location" = String, description = "Where the collection is"))),
        (status = 200, description = "On a dry run: what would be done", body = Plan),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn adopt(
    _: Admin,
    app: Data<App>,
    query: Query<DryRun>,
    Json(request): Json<AdoptRequest>,
) -> Result<HttpResponse> {
    let mut session = Session::begin(&app.db.pool, &app.catalogue).await?;
    if let Some(there) = session.collection_of(&request.table) {
        let detail = format!("{} is the collection `{there}` already", request.table);
        let error = FieldError::new("/table", "duplicate", detail.clone());
        return Err(Problem::new(Code::Conflict, detail).with_errors(vec![error]));
    }
    let name = session.adopt(&request, "").await?;
    let mut planner = session.planner(&[]).await?;
    planner.check_adopted(&name, &request, "")?;
    let plan = session.finish(planner, query.0.dry_run).await?;
    Ok(made(plan, &name))
}
