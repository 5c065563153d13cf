//! All SQL over accounts, sessions and keys.

pub mod keys;
pub mod sessions;
pub mod setup;
pub mod users;

use annex_openapi::problem::FieldError;

use crate::problem::{Code, Problem};

/// What an error of a statement that writes an account means.
pub fn account_problem(error: sqlx::Error) -> Problem {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("users_email_key") => {
            let detail = "An account with this e-mail address exists";
            Problem::new(Code::EmailTaken, detail).with_errors(vec![FieldError::new(
                "/email",
                "email_taken",
                detail,
            )])
        }
        _ => error.into(),
    }
}
