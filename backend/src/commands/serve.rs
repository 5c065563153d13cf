//! `annex serve`

use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, App};
use crate::clock::Clock;
use crate::commands::Failure;
use crate::config::Config;

/// Serves until told to stop.
///
/// # Errors
/// In a plain sentence, why it cannot.
pub async fn run(config: Config) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let url = config.database.url.clone().ok_or("set ANNEX_DATABASE_URL")?;
    let running = app::serve(App::start(config, &url, Clock::system()).await?)?;
    println!("Annex serves at http://{}", running.address);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: finishing the requests that were accepted");
    running.stop().await;
    Ok(())
}
