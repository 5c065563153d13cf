//! The whole URL map.

use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use crate::health;
use crate::problem::{Problem, Result};

/// Every route of the server.
pub fn configure(routes: &mut ServiceConfig) {
    routes
        .route("/healthz", get().to(health::healthz))
        .route("/readyz", get().to(health::readyz))
        .route("/metrics", get().to(health::metrics))
        .default_service(web::to(nothing));
}

async fn nothing(request: HttpRequest) -> Result<HttpResponse> {
    Err(Problem::not_found(format_args!("route `{}`", request.path())))
}
