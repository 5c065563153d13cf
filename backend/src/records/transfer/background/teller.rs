//! Progress that is not told more often than anybody looks.

use std::time::{Duration, Instant};

use crate::jobs::{Context, JobError};

const PERIOD: Duration = Duration::from_secs(1);

/// Tells how far a job is, at most once a second.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    context: &'a Context,
    told: Instant,
}

impl<'a> Teller<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self { context, told: Instant::now() }
    }

    pub(super) async fn tell(
        &mut self,
        progress: Option<f64>,
        message: impl FnOnce() -> String,
    ) -> Result<(), JobError> {
        if self.told.elapsed() < PERIOD {
            return Ok(());
        }
        self.told = Instant::now();
        self.context.progress(progress, &message()).await
    }
}
