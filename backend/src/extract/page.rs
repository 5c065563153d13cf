//! Pages of a list that is ordered by id, the newest first.

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

    /// The id after which the page begins.
    ///
    /// # Errors
    /// `invalid_cursor`
    pub fn after(&self, key: &CursorKey, scope: &[u8]) -> Result<Option<Uuid>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let payload = key.open(scope, cursor)?;
        Uuid::from_slice(&payload).map(Some).map_err(Problem::internal)
    }

    /// Cuts the rows to the page, and makes the cursor of the next one.
    pub fn cut<T>(
        &self,
        rows: &mut Vec<T>,
        id: impl Fn(&T) -> Uuid,
        key: &CursorKey,
        scope: &[u8],
    ) -> Option<String> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        rows.last().map(|last| key.seal(scope, id(last).as_bytes()))
    }
}
