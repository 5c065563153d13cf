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
    let mut tries = 0;
    loop {
        let error = match work().await.map_err(Into::into) {
            Ok(done) => return Ok(done),
            Err(Failed::Problem(problem)) => return Err(problem),
            Err(Failed::Database(error)) => error,
        };
        let code = error.as_database_error().and_then(|said| said.code()).unwrap_or_default().into_owned();
        match code.as_str() {
            "40001" | "40P01" if tries < MOST => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(5 << tries)).await;
            }
            "40001" | "40P01" => {
                let problem = Problem::new(Code::Conflict, "Another change got in the way; send it again");
                return Err(problem.with_retry_after(1));
            }
            "57014" => {
                return Err(Problem::new(Code::StatementTimeout, "The query took longer than is allowed")
                    .with_hint("Ask for less: one state, one batch, a smaller page"));
            }
            _ => return Err(error.into()),
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
