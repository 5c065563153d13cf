//! The program `annex`.

use std::process::ExitCode;

use annex::commands::Cli;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("annex: {failure}");
            ExitCode::FAILURE
        }
    }
}
