//! `DELETE /v1/records/{collection}?filter=…`

use actix_web::HttpResponse;
use annex_openapi::hooks::HookMethod;

use super::create::check_writable;
use super::delete::refused;
use super::etag::Demand;
use super::hooked::check_unasked;
use super::matching::{MatchingParameters, run};
use super::request::Request;
use super::sql;
use crate::extract::Query;
use crate::problem::Result;

/// Deletes all records that match, and that the caller may delete.
///
/// # Errors
/// `invalid_parameter`, `invalid_expression`, `search_unavailable`, `still_referenced`, `conflict` where hooks would have to be asked.
pub async fn delete_matching(
    request: Request,
    demand: Demand,
    query: Query<MatchingParameters>,
) -> Result<HttpResponse> {
    let MatchingParameters { dry_run, .. } = query.0;
    request
        .attempt(async |view| {
            let table = view.table()?;
            check_writable(table)?;
            check_unasked(&request.app, view.snapshot, table, &[HookMethod::Delete])?;
            let condition = query.0.read(view, table, demand)?;
            let build = if dry_run { sql::matching::deletable } else { sql::matching::delete };
            let statement = build(&view.context(), table, condition.matching())?;
            run(view, table, statement, dry_run).await.map_err(refused)
        })
        .await
}
