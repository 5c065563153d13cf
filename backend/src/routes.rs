//! The whole URL map.

use actix_web::web::{self, ServiceConfig, get, patch, post, put, resource};
use actix_web::{HttpRequest, HttpResponse};

use crate::health;
use crate::problem::{Problem, Result};
use crate::records;

/// Every route of the server.
pub fn configure(routes: &mut ServiceConfig) {
    routes
        .route("/healthz", get().to(health::healthz))
        .route("/readyz", get().to(health::readyz))
        .route("/metrics", get().to(health::metrics))
        .service(
            resource("/v1/records/{collection}")
                .route(get().to(records::list::list))
                .route(post().to(records::create::create)),
        )
        .service(
            resource("/v1/records/{collection}/{id}")
                .route(get().to(records::get::get))
                .route(patch().to(records::update::update))
                .route(put().to(records::replace::replace))
                .route(web::delete().to(records::delete::delete)),
        )
        .default_service(web::to(nothing));
}

async fn nothing(request: HttpRequest) -> Result<HttpResponse> {
    Err(Problem::not_found(format_args!("route `{}`", request.path())))
}
