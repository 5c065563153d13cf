//! Rows of collections: reading them, and writing them.

use std::collections::BTreeMap;

use annex_openapi::collections::Collection;
use annex_openapi::page::Page;
use annex_openapi::records::BatchMethod;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use web_sys::AbortSignal;

use super::row::{Members, parse};
pub use super::row::{Row, object};
use super::{Answer, Api, ApiError, Attempt, Call};
use crate::{browser, url};

/// A change of some fields of a row.
pub struct RowUpdate<'a> {
    /// The row's key.
    pub key: &'a str,
    /// The fields and the JSON texts of their values.
    pub fields: Vec<(&'a str, &'a str)>,
    /// The version that the row must still have.
    pub etag: Option<&'a str>,
}

/// An operation of a batch, as the contract has it; values stay as they are written.
#[derive(Serialize)]
struct Operation<'a> {
    method: BatchMethod,
    collection: &'a str,
    id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_match: Option<&'a str>,
}

/// A row's key as an operation of a batch names it.
fn key_value(key: &str) -> Value {
    let mut parts = key.split(',').map(|part| Value::from(url::text(part)));
    if key.contains(',') { parts.collect() } else { parts.next().unwrap_or_default() }
}

/// What a write of all rows that match did.
#[derive(Deserialize)]
struct BulkResult {
    count: u64,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Start {
    /// After the row that another page ended with; at the beginning where there is none.
    pub cursor: Option<String>,
    /// After so many rows from there.
    pub offset: usize,
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
    /// Says in a call which rows are meant: those of the listing, where it says nothing all.
    fn matching(&self, call: Call, dry_run: bool) -> Call {
        let filter = Some(self.filter.trim()).filter(|filter| !filter.is_empty());
        let search = Some(self.search.trim()).filter(|search| !search.is_empty());
        let filter = if search.is_none() { Some(filter.unwrap_or("true")) } else { filter };
        let call = call.query_opt("filter", filter).query_opt("search", search);
        if dry_run { call.query("dry_run", true) } else { call }
    }

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
        let mut call = listing
            .call(&collection.name)
            .query("limit", limit)
            .query_opt("cursor", start.cursor.as_ref())
            .query_opt("offset", Some(start.offset).filter(|offset| *offset > 0));
        if let Some(signal) = signal {
            call = call.signal(signal);
        }
        if let Some(count) = count {
            call = call.header("prefer", count.preference());
        }
        let text = self.send(call).await?.text().await?;
        let page: Page<Members<'_>> = parse(&text)?;
        let items = page.items.into_iter().map(|members| Row::new(collection, members)).collect();
        Ok(Page { items, next_cursor: page.next_cursor, count: page.count })
    }

    /// Some rows of a collection with these fields alone, by the expression that they fulfil.
    pub async fn some_rows(
        self,
        collection: &Collection,
        filter: String,
        fields: &[&str],
        limit: usize,
    ) -> Result<Vec<Row>, ApiError> {
        let listing = Listing { filter, ..Listing::default() };
        let call = listing.call(&collection.name).query("limit", limit).query("fields", fields.join(","));
        let text = self.send(call).await?.text().await?;
        let page: Page<Members<'_>> = parse(&text)?;
        Ok(page.items.into_iter().map(|members| Row::new(collection, members)).collect())
    }

    /// A row by its key, and its version.
    pub async fn row(self, collection: &Collection, key: &str) -> Result<(Row, String), ApiError> {
        let answer = self.send(Call::get(record_path(collection, key))).await?;
        versioned(collection, answer).await
    }

    /// Makes a row of the JSON text of its fields.
    pub async fn create_row(
        self,
        collection: &Collection,
        body: String,
        attempt: Attempt,
    ) -> Result<(Row, String), ApiError> {
        let call = Call::post(format!("/v1/records/{}", collection.name))
            .header("idempotency-key", attempt.key(&body))
            .json_text(body);
        let outcome = async { versioned(collection, self.send(call).await?).await };
        attempt.settle(outcome.await)
    }

    /// Changes rows, all or none; answers with those that may be viewed.
    pub async fn update_rows(
        self,
        collection: &Collection,
        updates: &[RowUpdate<'_>],
        attempt: Attempt,
    ) -> Result<Vec<Row>, ApiError> {
        #[derive(Deserialize)]
        struct Done<'a> {
            #[serde(borrow, default)]
            record: Option<Members<'a>>,
        }
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            results: Vec<Done<'a>>,
        }
        let bodies: Vec<String> =
            updates.iter().map(|update| object(update.fields.iter().copied())).collect();
        let operations = updates.iter().zip(&bodies).map(|(update, body)| Operation {
            method: BatchMethod::Update,
            collection: &collection.name,
            id: key_value(update.key),
            body: serde_json::from_str(body).ok(),
            if_match: update.etag,
        });
        let call = batch(operations.collect(), |body| attempt.key(body));
        let outcome = async {
            let text = self.send(call).await?.text().await?;
            let rows = parse::<Answer<'_>>(&text)?.results.into_iter().filter_map(|done| done.record);
            Ok(rows.map(|members| Row::new(collection, members)).collect())
        };
        attempt.settle(outcome.await)
    }

    /// Deletes rows, all or none.
    pub async fn delete_rows(self, collection: &str, keys: &[String]) -> Result<(), ApiError> {
        self.send(deletion(collection, keys)).await.map(drop)
    }

    /// Deletes rows while the page goes.
    pub fn delete_rows_last(self, collection: &str, keys: &[String]) {
        self.send_last(&deletion(collection, keys));
    }

    /// Makes one change to all rows that a listing has; in a dry run only counts them.
    pub async fn update_matching(
        self,
        collection: &str,
        listing: &Listing,
        body: String,
        dry_run: bool,
    ) -> Result<u64, ApiError> {
        let call = listing.matching(Call::patch(format!("/v1/records/{collection}")), dry_run);
        Ok(self.fetch::<BulkResult>(call.json_text(body)).await?.count)
    }

    /// Deletes all rows that a listing has; in a dry run only counts them.
    pub async fn delete_matching(
        self,
        collection: &str,
        listing: &Listing,
        dry_run: bool,
    ) -> Result<u64, ApiError> {
        let call = listing.matching(Call::delete(format!("/v1/records/{collection}")), dry_run);
        Ok(self.fetch::<BulkResult>(call).await?.count)
    }

    /// How many rows there are, counted one by one.
    pub async fn count_rows(self, collection: &str, listing: &Listing) -> Result<i64, ApiError> {
        let call = listing.call(collection).query("limit", 1).header("prefer", Count::Exact.preference());
        let page: Page<serde::de::IgnoredAny> = parse(&self.send(call).await?.text().await?)?;
        Ok(page.count.unwrap_or_default())
    }
}

/// Operations that are done all or none, under a key of their text.
fn batch(operations: Vec<Operation<'_>>, key: impl FnOnce(&str) -> String) -> Call {
    let body = BTreeMap::from([("operations", operations)]);
    let body = serde_json::to_string(&body).expect("operations have JSON forms");
    Call::post("/v1/batch").header("idempotency-key", key(&body)).json_text(body)
}

fn deletion(collection: &str, keys: &[String]) -> Call {
    let operations = keys.iter().map(|key| Operation {
        method: BatchMethod::Delete,
        collection,
        id: key_value(key),
        body: None,
        if_match: None,
    });
    // What is deleted twice is deleted.
    batch(operations.collect(), |_| browser::uuid())
}

fn record_path(collection: &Collection, key: &str) -> String {
    format!("/v1/records/{}/{key}", collection.name)
}

async fn versioned(collection: &Collection, answer: Answer) -> Result<(Row, String), ApiError> {
    let etag = answer.header("etag").unwrap_or_default();
    Ok((Row::parse(collection, &answer.text().await?)?, etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_they_stand_in_paths() {
        assert_eq!(key_value("a%2Fb"), serde_json::json!("a/b"));
        assert_eq!(key_value("a%2Cb,7"), serde_json::json!(["a,b", "7"]));
    }
}
