//! `bookshop serve`, `bookshop worker`, `bookshop apply annex.json`: everything that `annex` does, and the bookshop's own.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    bookshop::program().run().await
}
