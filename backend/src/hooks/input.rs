//! A hook as it was sent, checked.

use annex_openapi::hooks::HookReplace;
use annex_openapi::problem::FieldError;

use crate::outbound::Target;
use crate::problem::{Problem, Result};

/// How long a hook may take where nothing is said.
pub const DEFAULT_TIMEOUT_MS: u32 = 5000;
/// The longest URL, in bytes.
const MAX_URL: usize = 8192;

/// There is no hook of that name.
pub fn no_such_hook(name: &str) -> Problem {
    Problem::not_found(format_args!("hook `{name}`"))
}

/// Checks what a hook is to be.
///
/// # Errors
/// `validation_failed`
pub fn check(hook: &HookReplace) -> Result<()> {
    let mut errors = Vec::new();
    if hook.events.is_empty() {
        errors.push(FieldError::new("/events", "out_of_range", "`events` must have at least one entry"));
    }
    if hook.url.len() > MAX_URL {
        errors.push(FieldError::new("/url", "out_of_range", format!("`url` is longer than {MAX_URL} bytes")));
    } else if let Err(error) = hook.url.parse::<Target>() {
        errors.push(FieldError::new("/url", "invalid", error.to_string()));
    }
    if hook.timeout_ms.is_some_and(|timeout| !(100..=30_000).contains(&timeout)) {
        errors.push(FieldError::new("/timeout_ms", "out_of_range", "`timeout_ms` must be from 100 to 30000"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

/// Tells a failure of writing a hook as a problem.
pub fn refused(error: sqlx::Error) -> Problem {
    let constraint = error.as_database_error().and_then(|said| said.constraint());
    if constraint != Some("hooks_collection_fkey") {
        return error.into();
    }
    let detail = "`collection` names no collection";
    Problem::validation(vec![FieldError::new("/collection", "no_such_collection", detail)])
}
