//! A server whose kind `noop` does nothing: `bench/jobs` measures what a job costs beside its work.

use std::process::ExitCode;

use annex::App;
use annex::jobs::{Completed, Context, Job, JobError};
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Noop {}

impl Job for Noop {
    const KIND: &'static str = "noop";

    async fn run(self, _: Context) -> Result<Completed, JobError> {
        Ok(().into())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    App::builder().job::<Noop>().run().await
}
