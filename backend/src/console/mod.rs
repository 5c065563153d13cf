//! The console's own server: the built console's files, on an origin of its own. It knows the API's address and nothing else.

mod site;

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

use site::Encoding;
pub use site::{File, Site};

/// Serves a site at that address.
///
/// # Errors
/// The address cannot be listened on.
pub fn serve(site: Site, listener: TcpListener) -> std::io::Result<Server> {
    let site = Data::new(site);
    let application = move || {
        let policy = guarding(&site);
        App::new().app_data(site.clone()).wrap(policy).default_service(web::to(answer))
    };
    Ok(HttpServer::new(application)
        .workers(1)
        .client_request_timeout(std::time::Duration::from_secs(10))
        .shutdown_timeout(5)
        .disable_signals()
        .listen(listener)?
        .run())
}

/// What a browser is told with every answer, whatever it is.
fn guarding(site: &Site) -> DefaultHeaders {
    DefaultHeaders::new()
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((CONTENT_SECURITY_POLICY, site.policy()))
        .add((REFERRER_POLICY, "no-referrer"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"))
        .add(("x-frame-options", "DENY"))
}

async fn answer(request: HttpRequest, site: Data<Site>) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed().insert_header(("allow", "GET, HEAD")).finish();
    }
    if request.path() == "/healthz" {
        return HttpResponse::Ok().body("ok\n");
    }
    let Some(file) = site.find(request.path()) else {
        return HttpResponse::NotFound().body("There is nothing here\n");
    };
    let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (encoding, body) = file.body(header(ACCEPT_ENCODING).unwrap_or_default());
    let etag = file.etag(encoding);
    let is_known = header(IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CONTENT_TYPE, file.media_type))
        .insert_header((CACHE_CONTROL, file.cache_control()))
        .insert_header((ETAG, etag))
        .insert_header((VARY, "accept-encoding"));
    if let Some(name) = encoding.name() {
        response.insert_header((CONTENT_ENCODING, name));
    }
    if is_known { response.finish() } else { response.body(body) }
}

impl Encoding {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}
