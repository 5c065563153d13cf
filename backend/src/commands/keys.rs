//! `annex keys`

use clap::{Args, Subcommand};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::auth::keys::{Rotation, rotate};
use crate::clock::{Clock, Random};
use crate::commands::Failure;
use crate::commands::database::with_database;
use crate::config::Config;
use crate::db::{self, Db};

/// What `annex keys` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new key that access tokens are signed with; those before it count until their last token has ended
    Rotate {
        /// A key has leaked: none of the access tokens until now counts any more, and everybody has to renew theirs
        #[arg(long)]
        leaked: bool,
    },
}

/// Does what `annex keys` is told; servers that run hear of it at once.
///
/// # Errors
/// In a plain sentence, why not.
pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let Command::Rotate { leaked } = arguments.command;
    let lifetime = Duration::try_from(config.auth.access_token_lifetime)?;
    let work = async |url| {
        let db = Db::new(&url, &config.database, 1)?;
        db::migrate(&db.pool).await?;
        let rotation = rotate(&db.pool, &Clock::system(), Random, lifetime, leaked).await;
        db.pool.close().await;
        Ok(rotation?)
    };
    print!("{}", describe(&with_database(&config.database, work).await?)?);
    Ok(())
}

fn describe(rotation: &Rotation) -> Result<String, Failure> {
    let minute = |at: OffsetDateTime| UtcDateTime::from(at).truncate_to_second().format(&Rfc3339);
    let Rotation { kid, signs_from, others_until } = rotation;
    let (signs_from, others_until) = (minute(*signs_from)?, minute(*others_until)?);
    Ok(format!("Key {kid} signs from {signs_from} on. The keys before it count until {others_until}.\n"))
}
