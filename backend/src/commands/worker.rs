//! `annex worker`

use actix_web::web::Data;
use clap::Args;

use crate::app::App;
use crate::builder::Builder;
use crate::clock::Clock;
use crate::commands::Failure;
use crate::commands::stop::told_to_stop;
use crate::config::Config;
use crate::jobs::{self, Options, Worker};

/// What the command takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The queues, with commas between; all by default
    #[arg(long, value_delimiter = ',')]
    queues: Vec<String>,
    /// How many jobs run at once; `ANNEX_JOBS_CONCURRENCY` by default
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: Option<u16>,
}

/// Runs jobs until told to stop, and then gives back what it still holds.
///
/// # Errors
/// In a plain sentence, why it cannot.
pub async fn run(config: Config, arguments: Arguments, builder: Builder) -> Result<(), Failure> {
    let told_to_stop = told_to_stop()?;
    let Some(url) = config.database.url.clone() else {
        return Err("a worker needs the database of its servers: set ANNEX_DATABASE_URL. A server with a Postgres of its own runs jobs itself".into());
    };
    let options = Options {
        queues: arguments.queues,
        concurrency: arguments.concurrency.map_or(config.jobs.concurrency, usize::from),
    };
    let grace = config.server.drain_timeout;
    let app = tokio::select! {
        app = App::start(config, &url, Clock::system(), builder) => Data::new(app?),
        () = told_to_stop.cancelled() => return Ok(()),
    };
    let beside = [tokio::spawn(jobs::listen(app.clone())), tokio::spawn(jobs::maintain(app.clone()))];
    tracing::info!(concurrency = options.concurrency, queues = ?options.queues, "Running jobs");
    let worker = Worker::start(app.clone(), options);
    told_to_stop.cancelled().await;
    tracing::info!("Stopping; jobs that do not end in time are given back");
    worker.stop(grace).await;
    beside.iter().for_each(tokio::task::JoinHandle::abort);
    app.db.pool.close().await;
    Ok(())
}
