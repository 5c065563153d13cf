//! `DELETE /v1/collections/{name}`

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::collections::Plan;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::collections::boolean;
use crate::collections::ddl::survey::Subject;
use crate::collections::plan::{Reach, no_collection};
use crate::collections::session::Session;
use crate::extract::{Admin, Parameters, Query};
use crate::problem::Result;

/// The query parameters of a deletion.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deletion {
    dry_run: bool,
    cascade: bool,
    drop: bool,
}

impl Parameters for Deletion {
    const NAMES: &'static [&'static str] = &["dry_run", "cascade", "drop"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        let member = match name {
            "dry_run" => &mut self.dry_run,
            "cascade" => &mut self.cascade,
            _ => &mut self.drop,
        };
        *member = boolean(&value)?;
        Ok(())
    }
}

/// Deletes a collection
///
/// Drops the table of a collection that was created here, with its rows. A table that was adopted stays, unless
/// `drop` says otherwise.
#[utoipa::path(
    delete,
    path = "/v1/collections/{name}",
    operation_id = "collections_delete",
    tag = "collections",
    params(
        ("name" = String, Path, description = "The collection's name", example = "posts"),
        ("dry_run" = Option<bool>, Query, description = "Only tells what would be done"),
        ("cascade" = Option<bool>, Query, description = "Lets go of relations of other collections: their values stay, as plain fields"),
        ("drop" = Option<bool>, Query, description = "Drops the table of an adopted collection too"),
    ),
    responses(
        (status = 204, description = "The collection is gone"),
        (status = 200, description = "On a dry run: what would be done", body = Plan),
        (status = "4XX", description = "The request is refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete(
    _: Admin,
    app: Data<App>,
    name: Path<String>,
    query: Query<Deletion>,
) -> Result<HttpResponse> {
    let Deletion { dry_run, cascade, drop } = query.0;
    let mut session = Session::begin(&app.db.pool, &app.catalogue).await?;
    let entry = session.state.entries.get(name.as_str()).filter(|entry| !entry.built_in());
    let entry = entry.ok_or_else(|| no_collection(&name, &session.state))?;
    let subject = Subject {
        collection: name.clone(),
        schema: entry.origin.schema.clone(),
        table: entry.origin.table.clone(),
        fields: Vec::new(),
    };
    let subjects = (entry.origin.managed || drop).then_some(subject);
    let mut planner = session.planner(subjects.as_slice()).await?;
    planner.delete(std::slice::from_ref(&name), Reach { cascade, drop })?;
    let plan = session.finish(planner, dry_run).await?;
    Ok(if plan.applied { HttpResponse::NoContent().finish() } else { HttpResponse::Ok().json(plan) })
}
