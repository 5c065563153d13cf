//! Rows of collections. Their values stay the JSON text that came, so that no digit of them is lost.

use std::collections::BTreeMap;

use annex_openapi::collections::Collection;
use annex_openapi::page::Page;
use serde_json::value::RawValue;
use web_sys::AbortSignal;

use super::{Api, ApiError, Call};
use crate::url;

/// A row: for each field of its collection, in order, the JSON text of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    key: String,
    values: Box<[Option<Box<str>>]>,
}

/// The members of a row as they came.
type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Row {
    fn new(collection: &Collection, mut members: Members<'_>) -> Self {
        let values = collection.fields.iter().map(|field| members.remove(&field.name));
        let values = values.map(|value| value.map(|value| value.get().into())).collect();
        let mut row = Self { key: String::new(), values };
        row.key = key_segment(collection, &row);
        row
    }

    /// The row as the text of a JSON object.
    pub fn parse(collection: &Collection, text: &str) -> Result<Self, ApiError> {
        Ok(Self::new(collection, parse::<Members<'_>>(text)?))
    }

    /// Its key, as it stands in a path: different for each row of the collection.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The JSON text of a field's value, by the field's place; `None` where the answer does not have it.
    pub fn value(&self, field: usize) -> Option<&str> {
        self.values.get(field)?.as_deref()
    }
}

/// The row's key as a segment of a path: its parts with commas between them, each percent-encoded.
fn key_segment(collection: &Collection, row: &Row) -> String {
    let parts = collection.primary_key.iter().map(|name| {
        let value = collection.fields.iter().position(|field| field.name == *name);
        let value = value.and_then(|field| row.value(field)).unwrap_or_default();
        match serde_json::from_str::<String>(value) {
            Ok(text) => url::segment(&text),
            Err(_) => url::segment(value),
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

/// Which rows, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// One expression that they fulfil; empty for all.
    pub filter: String,
    /// Words that are looked for in them; empty for all.
    pub search: String,
    /// The fields to sort by, `-` in front for descending.
    pub sort: Vec<String>,
}

/// Where a page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// After so many rows.
    Offset(usize),
    /// After the row that the page before ended with.
    Cursor(String),
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As the planner believes.
    Estimated,
    /// One by one.
    Exact,
}

impl Count {
    fn preference(self) -> &'static str {
        match self {
            Self::Estimated => "count=estimated",
            Self::Exact => "count=exact",
        }
    }
}

impl Listing {
    fn call(&self, collection: &str) -> Call {
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        Call::get(format!("/v1/records/{collection}"))
            .query_opt("filter", some(&self.filter))
            .query_opt("search", some(&self.search))
            .query_opt("sort", some(&self.sort.join(",")))
    }
}

impl Api {
    /// A page of rows.
    pub async fn rows(
        self,
        collection: &Collection,
        listing: &Listing,
        start: &Start,
        limit: usize,
        count: Option<Count>,
        signal: Option<&AbortSignal>,
    ) -> Result<Page<Row>, ApiError> {
        let mut call = listing.call(&collection.name).query("limit", limit);
        if let Some(signal) = signal {
            call = call.signal(signal);
        }
        call = match start {
            Start::Offset(0) => call,
            Start::Offset(offset) => call.query("offset", offset),
            Start::Cursor(cursor) => call.query("cursor", cursor),
        };
        if let Some(count) = count {
            call = call.header("prefer", count.preference());
        }
        let text = self.send(call).await?.text().await?;
        let page: Page<Members<'_>> = parse(&text)?;
        let items = page.items.into_iter().map(|members| Row::new(collection, members)).collect();
        Ok(Page { items, next_cursor: page.next_cursor, count: page.count })
    }

    /// How many rows there are, counted one by one.
    pub async fn count_rows(self, collection: &str, listing: &Listing) -> Result<i64, ApiError> {
        let call = listing.call(collection).query("limit", 1).header("prefer", Count::Exact.preference());
        let page: Page<serde::de::IgnoredAny> = parse(&self.send(call).await?.text().await?)?;
        Ok(page.count.unwrap_or_default())
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::Unreadable(error.to_string()))
}
