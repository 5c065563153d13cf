//! `annex serve`

use std::net::TcpListener;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::app::{self, App, Running};
use crate::builder::Builder;
use crate::clock::Clock;
use crate::commands::Failure;
use crate::commands::stop::told_to_stop;
use crate::config::{self, Config};
use crate::db::embedded::{self, Embedded};

/// Serves until told to stop.
///
/// # Errors
/// In a plain sentence, why it cannot.
pub async fn run(config: Config, builder: Builder) -> Result<(), Failure> {
    let told_to_stop = told_to_stop()?;
    let listener = app::listen(config.server.listen, app::LISTEN)?;
    let (url, embedded) = match config.database.url.clone() {
        Some(url) => (url, None),
        None => match start_embedded(&config.database, &told_to_stop).await? {
            Some(embedded) => (SecretString::from(embedded.database_url()), Some(embedded)),
            None => return Ok(()),
        },
    };
    let served = serve(config, builder, listener, &url, embedded.as_ref(), &told_to_stop).await;
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    served
}

async fn serve(
    config: Config,
    builder: Builder,
    listener: TcpListener,
    url: &SecretString,
    embedded: Option<&Embedded>,
    told_to_stop: &CancellationToken,
) -> Result<(), Failure> {
    let app = tokio::select! {
        app = App::start(config, url, Clock::system(), builder) => app?,
        () = told_to_stop.cancelled() => return Ok(()),
    };
    let running = app::serve(app, listener)?;
    print!("{}", welcome(&running, embedded));
    told_to_stop.cancelled().await;
    tracing::info!("Stopping once the accepted requests are finished");
    running.stop().await;
    Ok(())
}

/// What whoever started the server needs next.
fn welcome(running: &Running, embedded: Option<&Embedded>) -> String {
    let api = format!("http://{}", running.address);
    let mut text = format!("\nAnnex {}\n\n  API   {api}\n  Docs  {api}/docs\n", env!("CARGO_PKG_VERSION"));
    if let Some(embedded) = embedded {
        let folder = embedded.data_dir().display();
        text += &format!("  Data  {folder} (Postgres {})\n", embedded.major_version());
    }
    let auth = &running.app.auth;
    if let (Some(token), Some(link)) =
        (auth.setup_token(), auth.setup_link(&running.app.config.server.console_origin))
    {
        text += &format!(
            "
There is no admin yet. Make the first one in the console, with this link that works once:

  {link}

or with a call:

  curl {api}/v1/auth/bootstrap -H 'content-type: application/json' \\
    -d '{{\"token\": \"{token}\", \"email\": \"you@example.com\", \"password\": \"your password\"}}'
"
        );
    }
    text + "\nCtrl-C stops it.\n\n"
}

async fn start_embedded(
    config: &config::Database,
    told_to_stop: &CancellationToken,
) -> Result<Option<Embedded>, Failure> {
    let options = embedded::Options { data_dir: config.data_dir.clone(), bin_dir: config.pg_bin.clone() };
    Ok(embedded::start(options, told_to_stop.cancelled()).await?)
}
