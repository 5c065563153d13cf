//! A bookshop's backend: Annex, with what the shop alone knows added in Rust.
//!
//! - `isbn` is a hook: no book is written whose ISBN is not one.
//! - `reorder` is a kind of job: it orders copies from the publisher, once, however often it is run.
//! - `low_stock` is a route: what is about to run out.

pub mod isbn;
pub mod low_stock;
pub mod reorder;

use actix_web::web;
use annex::hooks::HookEvent;
use annex::{App, Builder};
use utoipa::OpenApi;

/// What the shop adds to the document of its API.
#[derive(OpenApi)]
#[openapi(paths(low_stock::low_stock), tags((name = "bookshop", description = "What the shop has.")))]
struct Document;

/// The server of the shop.
pub fn program() -> Builder {
    App::builder()
        .job::<reorder::Reorder>()
        .route(Document::openapi(), |routes| {
            routes.route("/v1/bookshop/low-stock", web::get().to(low_stock::low_stock));
        })
        .hook(HookEvent::Create, "books", isbn::check)
        .hook(HookEvent::Update, "books", isbn::check)
}
