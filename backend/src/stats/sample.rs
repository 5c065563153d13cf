//! Ends each bucket in time, with what is measured at its end.

use std::time::Duration;

use actix_web::web::Data;
use annex_openapi::stats::Resolution;

use super::buckets::Gauges;
use crate::app::App;
use crate::server::store;

/// How long the database may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Every how many buckets the database is asked for its size: Postgres looks at each of its files for that.
const SIZED: u64 = 6;

/// Goes on until it is aborted.
pub async fn sample(app: Data<App>) {
    let mut size = None;
    for round in 0.. {
        let asked = store::load(&app.db.pool, round % SIZED == 0);
        let load = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(load)) => Some(load),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the database did not say how it is");
                None
            }
            Err(_) => None,
        };
        size = load.as_ref().and_then(|load| load.size_bytes.or(size));
        let connections = load.map(|load| load.connections);
        let in_flight = app.metrics.under_way();
        app.stats.measured(Gauges { database_bytes: size, connections, in_flight });
        app.stats.gather(app.clock.now());
        tokio::time::sleep(until_the_next(app.clock.now())).await;
    }
}

/// How long the bucket lasts that is filled now.
fn until_the_next(now: time::OffsetDateTime) -> Duration {
    let step = i128::from(Resolution::TenSeconds.seconds()) * 1_000_000_000;
    let left = step - now.unix_timestamp_nanos().rem_euclid(step);
    // Not a moment too early: then nothing would have ended yet.
    Duration::from_nanos(left as u64) + Duration::from_millis(1)
}
