//! Statements that lose against others are sent again.

use std::time::Duration;

use crate::problem::{Code, Problem};

/// How often a statement may lose.
const MOST: u32 = 6;

/// Does `work`, and does it again where Postgres gave it up in favour of another that ran at the same time.
///
/// # Errors
/// Those of `work`; `conflict` where it loses again and again, `statement_timeout` where it takes too long.
pub async fn patiently<T, E: Into<Failed>>(
    mut work: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, Problem> {
    let mut patience = Patience::default();
    loop {
        match work().await {
            Ok(done) => return Ok(done),
            Err(error) => patience.lost(error.into()).await?,
        }
    }
}

/// How often something was lost so far.
#[derive(Debug, Default)]
pub struct Patience {
    tries: u32,
}

impl Patience {
    /// Waits until it is to be done again.
    ///
    /// # Errors
    /// As for [`patiently`], where it is not.
    pub async fn lost(&mut self, error: Failed) -> Result<(), Problem> {
        let error = match error {
            Failed::Problem(problem) => return Err(problem),
            Failed::Database(error) => error,
        };
        let code = error.as_database_error().and_then(|said| said.code()).unwrap_or_default().into_owned();
        match code.as_str() {
            "40001" | "40P01" if self.tries < MOST => {
                self.tries += 1;
                tokio::time::sleep(Duration::from_millis(5 << self.tries)).await;
                Ok(())
            }
            "40001" | "40P01" => {
                let problem = Problem::new(Code::Conflict, "Another change got in the way; send it again");
                Err(problem.with_retry_after(1))
            }
            "57014" => Err(Problem::new(Code::StatementTimeout, "The query took longer than is allowed")
                .with_hint("Ask for less: one state, one batch, a smaller page")),
            _ => Err(error.into()),
        }
    }
}

/// Why it did not work.
#[derive(Debug)]
pub enum Failed {
    /// What the client is told.
    Problem(Problem),
    /// What Postgres said.
    Database(sqlx::Error),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}
