//! Kinds of jobs: what their arguments must be, and what their jobs are like unless they say otherwise.

pub mod delete;
pub mod get;
pub mod list;
pub mod replace;

use annex_openapi::jobs::kinds::JobKind;

use super::store::kinds;
use crate::app::App;
use crate::extract::settings_tag;
use crate::problem::{Code, Problem, Result};

/// The kind of that name.
async fn read(app: &App, name: &str) -> Result<JobKind> {
    let kind = kinds::list(&app.db.pool, Some(name)).await?.pop();
    kind.ok_or_else(|| no_kind(name))
}

fn no_kind(name: &str) -> Problem {
    Problem::not_found(format_args!("kind `{name}`"))
}

/// Names the settings of a kind, for `If-Match`.
fn tag(kind: &JobKind) -> String {
    let JobKind { description, schema, queue, priority, max_attempts, backoff, timeout_seconds, .. } = kind;
    settings_tag(&(description, schema, queue, priority, max_attempts, backoff, timeout_seconds))
}

/// The kind is one that the servers' own program brings.
fn of_the_program(name: &str) -> Problem {
    Problem::new(
        Code::Conflict,
        format!("`{name}` is a kind that the servers run: their program says how it is"),
    )
    .with_hint("Give the jobs themselves what they need, or use a kind of another name")
}
