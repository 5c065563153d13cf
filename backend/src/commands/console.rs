//! `annex console`

use std::path::PathBuf;

use super::Failure;
use super::stop::told_to_stop;
use crate::app;
use crate::config;
use crate::console::{self, Site};

/// Serves the built console until told to stop.
///
/// # Errors
/// In a plain sentence, why it cannot.
pub async fn run(config: config::Console) -> Result<(), Failure> {
    let told_to_stop = told_to_stop()?;
    let folder = config.dir.clone().or_else(built).ok_or(
        "There is no built console here: build it with `make console`, or set ANNEX_CONSOLE_DIR to its folder",
    )?;
    let site = Site::read(&folder, &config.api).map_err(|error| {
        format!("The console in {} cannot be served: {error}; build it with `make console`", folder.display())
    })?;
    let listener = app::listen(config.listen, "ANNEX_CONSOLE_LISTEN")?;
    let address = listener.local_addr()?;
    let server = console::serve(site, listener)?;
    let handle = server.handle();
    let served = tokio::spawn(server);
    println!("  Console   http://{address} (of the API at {})", config.api);
    told_to_stop.cancelled().await;
    handle.stop(true).await;
    served.await??;
    Ok(())
}

/// The built console beside this program, or of the source folder that this is run in.
fn built() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("console")));
    [beside, Some(PathBuf::from("frontend/dist"))]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("index.html").is_file())
}
