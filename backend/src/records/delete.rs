//! `DELETE /v1/records/{collection}/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::create::check_writable;
use super::etag::Demand;
use super::request::{Request, no_such_record};
use super::sql;
use super::store;
use super::update::missed;
use crate::app::App;
use crate::db::Lanes;
use crate::extract::Caller;
use crate::problem::Result;

/// Deletes a record.
///
/// # Errors
/// `still_referenced`, `precondition_failed`, `not_found` also where the delete rule denies.
pub async fn delete(
    http: HttpRequest,
    app: Data<App>,
    lanes: Data<Lanes>,
    caller: Caller,
) -> Result<HttpResponse> {
    let demand = Demand::of(&http)?;
    let request = Request::new(&http, app, lanes, caller);
    request
        .attempt(async |view| {
            let table = view.table()?;
            check_writable(table)?;
            let key = view.key(table)?;
            let statement = sql::write::delete(&view.context(), table, &key, demand.version())?;
            let statement = statement.ok_or_else(|| no_such_record(table))?;
            let rows = store::rows(&view.request.lanes.writes, table, &statement).await?;
            if rows.is_empty() {
                return Err(missed(view, table, &key, demand).await?.into());
            }
            Ok(HttpResponse::NoContent().finish())
        })
        .await
}
