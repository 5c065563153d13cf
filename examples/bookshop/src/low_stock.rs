//! `GET /v1/bookshop/low-stock`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex::App;
use annex::extract::{NoParameters, Query, SignedIn};
use annex::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// So many copies are few.
const FEW: i32 = 3;

/// A book of which few copies are left.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct LowStock {
    /// The book.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// How many copies are left.
    pub stock: i32,
}

/// List the books of which few copies are left, the fewest first.
///
/// # Errors
/// `unauthenticated`, `invalid_token`
#[utoipa::path(
    get, path = "/v1/bookshop/low-stock", operation_id = "bookshop_low_stock", tag = "bookshop",
    responses((status = 200, description = "The books", body = Vec<LowStock>)),
    security(("bearer" = [])),
)]
pub async fn low_stock(_: SignedIn, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let books: Vec<LowStock> = sqlx::query_as(
        "select id, title, stock from public.books where stock < $1 order by stock, title limit 100",
    )
    .bind(FEW)
    .fetch_all(&app.db.pool)
    .await?;
    Ok(HttpResponse::Ok().json(books))
}
