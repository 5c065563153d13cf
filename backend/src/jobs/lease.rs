//! What a worker over HTTP says under a lease: the token, and whether it still holds.

use std::fmt;

use uuid::Uuid;

use super::patience::patiently;
use super::store::leases::{self, Held};
use crate::app::App;
use crate::problem::{Code, Problem, Result};

/// Names a lease and a job's place under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The lease, which fences: a later one has a greater id.
    pub lease: i64,
    /// The job's place, from 1.
    pub position: i32,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.lease, self.position)
    }
}

impl Token {
    /// What was given out; what was not is the token of no lease.
    ///
    /// # Errors
    /// `stale_lease`
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = text.split_once('-').and_then(|(lease, position)| {
            let token = Self { lease: lease.parse().ok()?, position: position.parse().ok()? };
            (token.to_string() == text).then_some(token)
        });
        parsed.ok_or_else(stale)
    }

    /// The job that is held under it.
    ///
    /// # Errors
    /// `stale_lease`
    pub async fn held(self, app: &App, job: Uuid) -> Result<Held> {
        let held =
            patiently(async || leases::held(&app.db.pool, self.lease, self.position, job).await).await?;
        held.ok_or_else(stale)
    }
}

/// The lease is gone, or never was the job's.
pub fn stale() -> Problem {
    Problem::new(Code::StaleLease, "The job is not held under this lease any more")
        .with_hint("Stop working on it: it has ended, or another worker has it. Nothing was written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_out_is_a_token() {
        let token = Token { lease: 17, position: 2 };
        assert_eq!(Token::parse(&token.to_string()).unwrap(), token);
        for wrong in ["", "17", "17-", "-2", "+17-2", "17-02", "17-2-3", "99999999999999999999-1", "a-b"] {
            assert_eq!(Token::parse(wrong).unwrap_err().code, Code::StaleLease, "{wrong}");
        }
    }
}
