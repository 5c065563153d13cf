//! Forgets what webhooks were told long ago, and looks after deliveries that nobody makes.

use std::time::Duration;

use actix_web::web::Data;

use super::deliveries::store;
use crate::app::App;

/// How often.
const INTERVAL: Duration = Duration::from_secs(60);
/// How many at a time: so that no statement takes long.
const BATCH: i64 = 2000;

/// Goes on until it is aborted.
pub async fn sweep(app: Data<App>) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = sweep_once(&app).await {
            tracing::warn!(%error, "old deliveries of webhooks could not be forgotten");
        }
    }
}

/// Forgets what is not to be kept any more.
///
/// # Errors
/// The database does not answer.
pub async fn sweep_once(app: &App) -> Result<(), sqlx::Error> {
    store::pick_up(&app.db.pool, BATCH).await?;
    let before = app.clock.now() - app.config.webhooks.keep;
    while store::forget(&app.db.pool, before, BATCH).await? >= BATCH as u64 {}
    Ok(())
}
