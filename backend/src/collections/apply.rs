//! `POST /v1/collections/apply`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::collections::{ApplyRequest, Plan};
use annex_openapi::problem::Problem as ProblemBody;
use sqlx::PgPool;

use crate::app::App;
use crate::collections::DryRun;
use crate::collections::catalogue::Catalogue;
use crate::collections::plan::{Difference, defaults_to_spell};
use crate::collections::session::Session;
use crate::extract::{Admin, Json, Query};
use crate::problem::Result;

/// Makes the database match a file
///
/// Creates the collections that are missing and changes those that differ, in one transaction. What the file does not
/// have stays, unless `prune` is set. A renaming is never guessed: it looks like one field dropped and another added.
/// Applying the same file again does nothing.
#[utoipa::path(
    post,
    path = "/v1/collections/apply",
    operation_id = "collections_apply",
    tag = "collections",
    params(("dry_run" = Option<bool>, Query, description = "Only tells what would be done")),
    request_body(content = ApplyRequest, example = json!({
        "collections": [
            {"name": "authors", "fields": [{"name": "name", "type": "text", "required": true}]},
            {"name": "books", "fields": [{"name": "author", "type": "relation", "collection": "authors"}]}
        ]
    })),
    responses(
        (status = 200, description = "What was done, or on a dry run would be", body = Plan),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn apply(
    _: Admin,
    app: Data<App>,
    query: Query<DryRun>,
    Json(request): Json<ApplyRequest>,
) -> Result<HttpResponse> {
    let plan = make_match(&app.db.pool, &app.catalogue, &request, query.0.dry_run).await?;
    Ok(HttpResponse::Ok().json(plan))
}

/// Makes the database of the pool match the file.
///
/// # Errors
/// What is wrong with the file, or why Postgres refuses what it comes to.
pub async fn make_match(
    pool: &PgPool,
    catalogue: &Catalogue,
    request: &ApplyRequest,
    dry_run: bool,
) -> Result<Plan> {
    let mut session = Session::begin(pool, catalogue).await?;
    let mut adopted = Vec::new();
    for (place, table) in request.adopt.iter().enumerate() {
        adopted.push(session.adopt(table, &format!("/adopt/{place}")).await?);
    }
    let (places, defaults): (Vec<_>, Vec<_>) = defaults_to_spell(&session.state, request).into_iter().unzip();
    let spelled = places.into_iter().zip(session.spell_defaults(&defaults).await?).collect();
    let difference = Difference::new(&session.state, request, &adopted, &spelled);
    let subjects = difference.subjects(&session.state);
    let mut planner = session.planner(&subjects).await?;
    for (place, (name, table)) in adopted.iter().zip(&request.adopt).enumerate() {
        planner.check_adopted(name, table, &format!("/adopt/{place}"))?;
    }
    planner.apply(&difference)?;
    session.finish(planner, dry_run).await
}
