//! Files that jobs take in and leave behind, and the signed links by which they are read.

pub mod get;
mod keeping;
mod link;
mod part;

use super::store::files;
use crate::app::App;

pub use self::keeping::Keeping;
pub use self::link::{LinkKey, add_link};

/// Deletes the files whose time is over.
///
/// # Errors
/// The database does not answer.
pub async fn sweep(app: &App) -> sqlx::Result<()> {
    let swept = files::sweep(&app.db.pool, app.clock.now()).await?;
    if swept > 0 {
        tracing::debug!(swept, "files of jobs have gone");
    }
    Ok(())
}
