//! The command line: `annex serve | worker | console | migrate | apply | keys | export-openapi | export-asyncapi | doctor`.

mod apply;
mod console;
mod database;
mod doctor;
mod export_asyncapi;
mod export_openapi;
mod keys;
mod migrate;
mod serve;
mod stop;
mod worker;

use clap::{Parser, Subcommand};

use crate::builder::Builder;
use crate::config::Config;

/// The separate backend, ready-made.
#[derive(Debug, Parser)]
#[command(name = "annex", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API; what happens when no command is named
    Serve,
    /// Run jobs, beside servers or instead of their own workers
    Worker(worker::Arguments),
    /// Serve the built console, which needs no database
    Console,
    /// Bring the schema `annex` up to date, and end
    Migrate,
    /// Make the database match a file of collections, and print the plan
    Apply(apply::Arguments),
    /// Change the keys that access tokens are signed with
    Keys(keys::Arguments),
    /// Write the platform's OpenAPI document to the standard output
    ExportOpenapi,
    /// Write the AsyncAPI document of the socket to the standard output
    ExportAsyncapi,
    /// Check the database, permissions, clock, port and data folder, and say what to mend
    Doctor(doctor::Arguments),
}

/// What ends a command early: a plain sentence for whoever started it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    /// Does what the command line says, as a server with what is added.
    ///
    /// # Errors
    /// In a plain sentence, why not.
    pub async fn run(self, builder: Builder) -> Result<(), Failure> {
        match self.command {
            Some(Command::ExportOpenapi) => return export_openapi::run(),
            Some(Command::ExportAsyncapi) => return export_asyncapi::run(),
            _ => {}
        }
        let config = Config::load()?;
        let _telemetry = crate::telemetry::start(&config.telemetry)?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config, builder).await,
            Command::Worker(arguments) => worker::run(config, arguments, builder).await,
            Command::Console => console::run(config.console).await,
            Command::ExportOpenapi => export_openapi::run(),
            Command::ExportAsyncapi => export_asyncapi::run(),
            Command::Migrate => migrate::run(config, builder).await,
            Command::Apply(arguments) => apply::run(config, arguments).await,
            Command::Keys(arguments) => keys::run(config, arguments).await,
            Command::Doctor(arguments) => doctor::run(config, arguments).await,
        }
    }
}
