//! `PATCH /v1/collections/{name}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::collections::{Change, CollectionChanged, CollectionPatch};
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::DryRun;
use crate::collections::ddl::survey::Subject;
use crate::collections::plan::{State, no_collection};
use crate::collections::session::Session;
use crate::extract::{Admin, Json, Query};
use crate::problem::{Problem, Result};

/// Changes a collection
///
/// The changes of the table are made in their order and in one transaction, with those of the rules: all of them, or
/// none. A dry run tells each statement, what it locks and what it loses.
#[utoipa::path(
    patch,
    path = "/v1/collections/{name}",
    operation_id = "collections_update",
    tag = "collections",
    params(
        ("name" = String, Path, description = "The collection's name", example = "posts"),
        ("dry_run" = Option<bool>, Query, description = "Only tells what would be done"),
    ),
    request_body(content = CollectionPatch, example = json!({
        "changes": [
            {"action": "add_field", "field": {"name": "subtitle", "type": "text"}},
            {"action": "rename_field", "name": "body", "to": "content"}
        ],
        "rules": {"view": ""}
    })),
    responses(
        (status = 200, description = "The collection as it is now; on a dry run, what would be done", body = CollectionChanged),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    name: Path<String>,
    query: Query<DryRun>,
    Json(patch): Json<CollectionPatch>,
) -> Result<HttpResponse> {
    let mut session = Session::begin(&app.db.pool, &app.catalogue).await?;
    let subjects = subjects(&session.state, &name, &patch)?;
    let mut planner = session.planner(&subjects).await?;
    let name = planner.change(&name, &patch.changes)?;
    if let Some(rules) = &patch.rules {
        planner.patch_rules(&name, rules, "/rules")?;
    }
    if let Some(realtime) = patch.realtime {
        planner.set_realtime(&name, realtime, "/realtime");
    }
    let mut plan = session.finish(planner, query.0.dry_run).await?;
    if !plan.applied {
        return Ok(HttpResponse::Ok().json(CollectionChanged::Plan(plan)));
    }
    let place = plan.collections.iter().position(|collection| collection.name == name);
    let place = place.ok_or_else(|| Problem::not_found(format_args!("collection `{name}`")))?;
    Ok(HttpResponse::Ok().json(CollectionChanged::Collection(Box::new(plan.collections.swap_remove(place)))))
}

/// The collection, where rows or values of it matter to a change.
fn subjects(state: &State, name: &str, patch: &CollectionPatch) -> Result<Vec<Subject>> {
    let entry = state.entries.get(name).filter(|entry| !entry.built_in());
    let entry = entry.ok_or_else(|| no_collection(name, state))?;
    let mut matters = false;
    let mut fields = Vec::new();
    for change in &patch.changes {
        match change {
            Change::AddField(_) => matters = true,
            Change::DropField(drop) if entry.collection.field(&drop.name).is_some() => {
                fields.push(drop.name.clone())
            }
            _ => {}
        }
    }
    let subject = Subject {
        collection: name.to_owned(),
        schema: entry.origin.schema.clone(),
        table: entry.origin.table.clone(),
        fields,
    };
    Ok((matters || !subject.fields.is_empty()).then_some(subject).into_iter().collect())
}
