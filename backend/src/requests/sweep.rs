//! Forgets requests that are old, and those that are too many, now and then.

use std::time::Duration;

use actix_web::web::Data;

use super::store;
use crate::app::App;

/// How often.
const INTERVAL: Duration = Duration::from_secs(5 * 60);
/// How many at a time: so that no statement takes long.
const BATCH: i64 = 5000;

/// Goes on until it is aborted.
pub async fn sweep(app: Data<App>) {
    loop {
        if let Err(error) = forget(&app).await {
            tracing::warn!(%error, "old requests could not be forgotten");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Forgets what is not to be kept any more.
///
/// # Errors
/// The database does not answer.
pub async fn forget(app: &App) -> Result<(), sqlx::Error> {
    let config = &app.config.request_log;
    let old = store::first_id(app.clock.now() - config.keep);
    let too_many = store::beyond(&app.db.pool, config.rows as i64).await?;
    let until = too_many.map_or(old, |id| id.max(old));
    while store::delete_before(&app.db.pool, until, BATCH).await? == BATCH as u64 {}
    Ok(())
}
