//! What the writes of one record have in common: the statement's row, and the answer made from it.

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use tokio_postgres::Row;

use super::etag;
use super::key;
use super::projection::Projection;
use super::store::{raw, version};
use super::wire::encode::{Malformed, write_json};
use crate::collections::catalogue::Table;
use crate::extract::Caller;
use crate::problem::Result;

/// Which columns a write returns: those of the answer, and the key.
#[derive(Debug)]
pub struct Returning {
    /// What the statement reads.
    pub projection: Projection,
    key_places: Vec<usize>,
}

/// A record that was written.
#[derive(Debug)]
pub struct Written {
    /// Whether it was not there before.
    pub created: bool,
    /// The path segment of its key.
    pub key: String,
    /// Its entity tag, where it has a version.
    pub tag: Option<String>,
    /// The object; none where the caller may not view the record as it is now.
    pub json: Option<Vec<u8>>,
}

impl Returning {
    /// All that the caller may read.
    ///
    /// # Errors
    /// Never for fields that nobody named.
    pub fn new(table: &Table, caller: &Caller) -> Result<Self> {
        let mut projection = Projection::new(table, caller, None)?;
        let key_places = table.key.iter().map(|column| projection.need(*column)).collect();
        Ok(Self { projection, key_places })
    }

    /// The record of a write's row.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn read(&self, table: &Table, row: &Row, created: bool) -> Result<Written, Malformed> {
        let after = self.projection.columns.len();
        let tag = table.versioned.then(|| etag::tag(version(row, after), None));
        let mut json = None;
        if self.is_visible(table, row) {
            let out = json.insert(Vec::with_capacity(512));
            self.projection.open_object(out, table, row)?;
            out.push(b'}');
        }
        Ok(Written { created, key: key::segment(table, row, &self.key_places)?, tag, json })
    }
}

impl Returning {
    /// The JSON of a field of a write's row; none where the caller may not view the record, unless it is of the key.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn field(&self, table: &Table, row: &Row, column: usize) -> Result<Option<Vec<u8>>, Malformed> {
        let place = self.projection.columns.iter().position(|candidate| *candidate == column);
        let known = self.is_visible(table, row) || table.key.contains(&column);
        let Some(place) = place.filter(|_| known) else { return Ok(None) };
        let mut out = Vec::new();
        write_json(&mut out, &table.columns[column], raw(row, place))?;
        Ok(Some(out))
    }

    /// Writes the key of a write's row as JSON: its value, or a list of its parts.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn write_id(&self, out: &mut Vec<u8>, table: &Table, row: &Row) -> Result<(), Malformed> {
        let composite = table.key.len() != 1;
        if composite {
            out.push(b'[');
        }
        for (at, (column, place)) in table.key.iter().zip(&self.key_places).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_json(out, &table.columns[*column], raw(row, *place))?;
        }
        if composite {
            out.push(b']');
        }
        Ok(())
    }

    fn is_visible(&self, table: &Table, row: &Row) -> bool {
        raw(row, self.projection.columns.len() + usize::from(table.versioned)) == Some(&[1])
    }
}

impl Written {
    /// The answer of that status: the record where the caller may view it and did not decline it.
    pub fn respond(self, table: &Table, status: StatusCode, minimal: bool) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(status);
        if self.created {
            response.insert_header((LOCATION, format!("/v1/records/{}/{}", table.collection.name, self.key)));
        }
        if let Some(tag) = self.tag {
            response.insert_header((ETAG, tag));
        }
        if minimal {
            response.insert_header(("preference-applied", "return=minimal"));
        }
        match self.json.filter(|_| !minimal) {
            Some(json) => response.content_type("application/json").body(json),
            None => response.finish(),
        }
    }
}
