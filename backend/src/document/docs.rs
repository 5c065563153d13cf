//! `GET /docs`: the document for people, with a form to try each operation. Everything that the page needs is part of
//! the program; `scripts/vendor-docs` brings RapiDoc in.

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::problem::{Problem, Result};

/// Nothing from elsewhere, no inline script, no frame around it. RapiDoc makes its styles from the page's colours as it runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; \
                      style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`
pub async fn docs() -> HttpResponse {
    page_headers(&mut HttpResponse::Ok())
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(include_str!("docs/index.html"))
}

/// A file that the page needs.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    gzipped: Option<&'static [u8]>,
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "rapidoc.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("docs/vendor/rapidoc.js"),
        gzipped: Some(include_bytes!("docs/vendor/rapidoc.js.gz")),
    },
    Asset {
        name: "page.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("docs/page.js"),
        gzipped: None,
    },
    Asset {
        name: "page.css",
        media_type: "text/css; charset=utf-8",
        bytes: include_bytes!("docs/page.css"),
        gzipped: None,
    },
    Asset {
        name: "icon.svg",
        media_type: "image/svg+xml",
        bytes: include_bytes!("docs/icon.svg"),
        gzipped: None,
    },
];

/// `GET /docs/{asset}`
///
/// # Errors
/// `not_found` for what the page does not need.
pub async fn asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse> {
    let asset = ASSETS.iter().find(|asset| asset.name == *name);
    let asset = asset.ok_or_else(|| Problem::not_found(format_args!("route `{}`", request.path())))?;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts_gzip = header(ACCEPT_ENCODING)
        .split(',')
        .any(|coding| coding.split(';').next().is_some_and(|it| it.trim() == "gzip"));
    let gzipped = asset.gzipped.filter(|_| accepts_gzip);
    let bytes = gzipped.unwrap_or(asset.bytes);
    let etag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(bytes));
    let current = header(IF_NONE_MATCH).split(',').any(|known| known.trim() == etag);

    let mut response = if current { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    page_headers(&mut response).insert_header((ETAG, etag)).insert_header((VARY, "Accept-Encoding"));
    if current {
        return Ok(response.finish());
    }
    if gzipped.is_some() {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response.insert_header((CONTENT_TYPE, asset.media_type)).body(bytes))
}

fn page_headers(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-cache"))
}
