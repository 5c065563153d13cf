//! `PATCH /v1/records/{collection}?filter=…`

use actix_web::HttpResponse;
use annex_openapi::hooks::HookMethod;

use super::body::{self, Write};
use super::create::check_writable;
use super::etag::Demand;
use super::hooked::check_unasked;
use super::matching::{MatchingParameters, run};
use super::request::Request;
use super::sql;
use crate::extract::{JsonBytes, Query};
use crate::problem::Result;

/// Changes the fields that the body names in all records that match, and that the caller may update.
///
/// # Errors
/// `invalid_parameter`, `invalid_expression`, `search_unavailable`, `validation_failed`, `not_unique`, `forbidden` where the
/// update rule does not allow what would become of a record, `conflict` where hooks would have to be asked.
pub async fn update_matching(
    request: Request,
    demand: Demand,
    query: Query<MatchingParameters>,
    body: JsonBytes,
) -> Result<HttpResponse> {
    let MatchingParameters { dry_run, .. } = query.0;
    request
        .attempt(async |view| {
            let table = view.table()?;
            check_writable(table)?;
            check_unasked(&request.app, view.snapshot, table, &[HookMethod::Update])?;
            let context = view.context();
            let condition = query.0.read(view, table, demand)?;
            let members = body::members(&body.0)?;
            let values =
                body::assignments(table, context.caller, &request.app.clock, Write::Update, &members)?;
            let build = if dry_run { sql::matching::updatable } else { sql::matching::update };
            run(view, table, build(&context, table, condition.matching(), &values)?, dry_run).await
        })
        .await
}
