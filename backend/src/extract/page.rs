//! Pages of a list that is ordered by id, the newest first, or by name.

use std::borrow::Cow;

use uuid::Uuid;

use super::CursorKey;
use crate::problem::{Problem, Result};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 1000;

/// Which page is asked for.
#[derive(Debug, Clone)]
pub struct PageParameters {
    limit: usize,
    cursor: Option<String>,
}

/// What a list is ordered by.
pub trait PageKey: Sized {
    /// As a cursor has it.
    fn as_bytes(&self) -> &[u8];

    /// From what a cursor has.
    ///
    /// # Errors
    /// It is something else.
    fn from_bytes(bytes: &[u8]) -> Result<Self>;
}

impl PageKey for Uuid {
    fn as_bytes(&self) -> &[u8] {
        Self::as_bytes(self)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_slice(bytes).map_err(Problem::internal)
    }
}

impl PageKey for String {
    fn as_bytes(&self) -> &[u8] {
        Self::as_bytes(self)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_utf8(bytes.to_vec()).map_err(Problem::internal)
    }
}

impl Default for PageParameters {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, cursor: None }
    }
}

impl PageParameters {
    /// Takes in `limit` or `cursor`.
    ///
    /// # Errors
    /// In a sentence, what the value must be.
    pub fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "limit" => {
                let allowed = |limit: &usize| (1..=MAX_LIMIT).contains(limit);
                let limit = value.parse().ok().filter(allowed);
                self.limit = limit.ok_or_else(|| format!("must be a number from 1 to {MAX_LIMIT}"))?;
            }
            _ => self.cursor = Some(value.into_owned()),
        }
        Ok(())
    }

    /// One row more than the page has: it tells whether there is a next one.
    pub fn rows(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The id or the name after which the page begins.
    ///
    /// # Errors
    /// `invalid_cursor`
    pub fn after<K: PageKey>(&self, key: &CursorKey, scope: &[u8]) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let payload = key.open(scope, cursor)?;
        K::from_bytes(&payload).map(Some)
    }

    /// Cuts the rows to the page, and makes the cursor of the next one.
    pub fn cut<T, K: PageKey>(
        &self,
        rows: &mut Vec<T>,
        by: impl Fn(&T) -> K,
        key: &CursorKey,
        scope: &[u8],
    ) -> Option<String> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        rows.last().map(|last| key.seal(scope, by(last).as_bytes()))
    }
}
