//! Collections: tables seen through the API.

pub mod adopt;
mod adoption;
pub mod apply;
pub mod catalogue;
pub mod create;
mod ddl;
pub mod delete;
pub mod get;
pub mod list;
mod plan;
mod session;
mod size;
mod store;
pub mod tables;
pub mod update;

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, IF_NONE_MATCH, LOCATION};
use annex_openapi::collections::Plan;
use serde::Serialize;

use crate::extract::Parameters;

pub(crate) use ddl::run::refused;
pub use size::of_all as sizes;

/// The query parameters of a change.
#[derive(Debug, Clone, Copy, Default)]
pub struct DryRun {
    /// Whether it is only told what would be done.
    pub dry_run: bool,
}

impl Parameters for DryRun {
    const NAMES: &'static [&'static str] = &["dry_run"];

    fn set(&mut self, _: &str, value: Cow<'_, str>) -> Result<(), String> {
        self.dry_run = boolean(&value)?;
        Ok(())
    }
}

fn boolean(value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// The answer to a collection that was made, or would be.
fn made(mut plan: Plan, name: &str) -> HttpResponse {
    let place = plan.collections.iter().position(|collection| collection.name == name);
    match place.filter(|_| plan.applied) {
        Some(place) => HttpResponse::Created()
            .insert_header((LOCATION, format!("/v1/collections/{name}")))
            .json(plan.collections.swap_remove(place)),
        None => HttpResponse::Ok().json(plan),
    }
}

/// The body with a tag of its content; nothing but the tag where the caller has it already.
fn tagged<T: Serialize>(request: &actix_web::HttpRequest, body: &T) -> crate::problem::Result<HttpResponse> {
    let json = serde_json::to_vec(body).map_err(crate::problem::Problem::internal)?;
    let tag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&json));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|known| {
        known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    });
    if fresh {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).content_type("application/json").body(json))
}
