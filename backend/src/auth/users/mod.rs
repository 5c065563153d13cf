//! Accounts, for admins.

pub mod create;
pub mod delete;
pub mod get;
pub mod impersonate;
pub mod list;
mod roles;
pub mod update;

use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::problem::{Code, Problem, Result};

pub use create::create;
pub use delete::delete;
pub use get::get;
pub use impersonate::impersonate;
pub use list::list;
pub use update::update;

/// The account that a path names.
fn parse_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| missing())
}

fn missing() -> Problem {
    Problem::not_found("such account")
}

/// Refuses what would leave no admin who can sign in; until the transaction ends nobody else can change that.
async fn keep_an_admin(connection: &mut PgConnection, without: Uuid) -> Result<()> {
    let admins = store::users::lock_admins(connection).await?;
    if admins == [without] {
        return Err(Problem::new(Code::Conflict, "This is the last admin, and there must be one")
            .with_hint("Give another account the role `admin` first"));
    }
    Ok(())
}
