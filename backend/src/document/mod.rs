//! The OpenAPI documents: the platform's, which is part of the program, and the whole one, which has every
//! collection's own operations and types beside it; and the AsyncAPI document of the socket.

pub mod asyncapi;
mod collection;
mod components;
mod core;
mod docs;
mod names;
mod operations;
mod problems;
mod schema;
mod serve;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::web::Bytes;
use arc_swap::ArcSwapOption;
use serde_json::Value;

use crate::collections::catalogue::Snapshot;

pub use self::core::{document as core, pretty as core_text};
pub use docs::{asset, docs};
pub use problems::{__path_explain, explain};
pub use serve::{
    __path_asyncapi, __path_core, __path_full, asyncapi as serve_asyncapi, core as serve_core,
    full as serve_full,
};

/// A document as it is sent.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The JSON.
    pub body: Bytes,
    /// Names the content, with the quotes of an `ETag`.
    pub etag: String,
}

impl Rendered {
    fn new(document: &Value) -> Self {
        let body = serde_json::to_vec(document).expect("a JSON value can be written");
        let etag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&body));
        Self { body: body.into(), etag }
    }
}

/// The whole documents of the newest schema, for everybody and for admins.
#[derive(Debug, Default)]
pub struct Documents {
    /// What the program has beside what every server has.
    own: Vec<Value>,
    everybody: ArcSwapOption<(String, Rendered)>,
    admins: ArcSwapOption<(String, Rendered)>,
}

impl Documents {
    /// Adds operations and types of the program itself.
    pub fn add(&mut self, document: utoipa::openapi::OpenApi) {
        self.own.push(serde_json::to_value(document).expect("a document can be written"));
    }

    /// The whole document of that snapshot. An admin's has the hidden fields too.
    pub fn of(&self, snapshot: &Snapshot, admin: bool) -> Rendered {
        let kept = if admin { &self.admins } else { &self.everybody };
        if let Some(current) = kept.load().as_deref()
            && current.0 == snapshot.version
        {
            return current.1.clone();
        }
        let mut document = with_collections(snapshot, admin);
        for own in &self.own {
            self::core::extend(&mut document, own);
        }
        let rendered = Rendered::new(&document);
        kept.store(Some(Arc::new((snapshot.version.clone(), rendered.clone()))));
        rendered
    }
}

/// The platform's document with the operations and types of every collection in place of the general ones.
pub fn with_collections(snapshot: &Snapshot, admin: bool) -> Value {
    let mut document = self::core::document().clone();
    collection::add_all(&mut document, snapshot, admin);
    document
}
