//! `POST /v1/collections`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::collections::{Collection, CollectionSpec, Plan};
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::session::Session;
use crate::collections::{DryRun, made};
use crate::extract::{Admin, Json, Query};
use crate::problem::Result;

/// Creates a collection
///
/// Makes a table with the fields, and with `id` (UUIDv7), `created_at` and `updated_at` beside them. A relation gets
/// an index, unless one of `indexes` begins with it.
#[utoipa::path(
    post,
    path = "/v1/collections",
    operation_id = "collections_create",
    tag = "collections",
    params(("dry_run" = Option<bool>, Query, description = "Only tells what would be done")),
    request_body(content = CollectionSpec, example = json!({
        "name": "posts",
        "fields": [
            {"name": "title", "type": "text", "required": true},
            {"name": "status", "type": "enum", "values": ["draft", "published"], "required": true},
            {"name": "author", "type": "relation", "collection": "users", "on_delete": "cascade"}
        ],
        "indexes": [{"fields": ["author", "-created_at"]}],
        "rules": {"list": "status = \"published\" or author = @user.id", "create": "author = @user.id"}
    })),
    responses(
        (status = 201, description = "The collection was made", body = Collection,
         headers(("Location" = String, description = "Where the collection is"))),
        (status = 200, description = "On a dry run: what would be done", body = Plan),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(
    _: Admin,
    app: Data<App>,
    query: Query<DryRun>,
    Json(spec): Json<CollectionSpec>,
) -> Result<HttpResponse> {
    let mut session = Session::begin(&app.db.pool, &app.catalogue).await?;
    let mut planner = session.planner(&[]).await?;
    planner.create(&spec, "")?;
    let plan = session.finish(planner, query.0.dry_run).await?;
    Ok(made(plan, &spec.name))
}
