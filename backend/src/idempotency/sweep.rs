//! Deletes keys that have expired, now and then.

use std::time::Duration;

use actix_web::web::Data;

use super::store;
use crate::app::App;

/// How often.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How many at a time: so that no statement takes long.
const BATCH: i64 = 1000;

/// Goes on until it is aborted.
pub async fn sweep(app: Data<App>) {
    loop {
        match store::delete_expired(&app.db.pool, app.clock.now(), BATCH).await {
            // There may be more.
            Ok(deleted) if deleted == BATCH as u64 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "idempotency keys that have expired could not be deleted"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
