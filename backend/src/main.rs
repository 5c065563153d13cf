//! The program `annex`.

use std::process::ExitCode;

use annex::App;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    App::builder().run().await
}
