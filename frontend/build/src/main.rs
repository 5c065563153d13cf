//! Builds the console into a folder that any static file server can serve: Rust to WebAssembly, JavaScript and styles bundled,
//! every file under `assets/` named by its content, each with its brotli and gzip form beside it.

mod budget;
mod bundle;
mod compress;
mod group;
mod lock;
mod merge;
mod names;
mod page;
mod routes;
mod split;
mod sprite;
mod stamp;
mod wasm;
mod whole;

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result};
use clap::Parser;

use crate::routes::Routes;

/// Builds the console.
#[derive(Parser)]
struct Options {
    /// Without optimisation and compression, for work on the console itself.
    #[arg(long)]
    dev: bool,
    /// Where to put it.
    #[arg(long, default_value = "frontend/dist")]
    out: PathBuf,
}

/// Where the parts come from and go to.
struct Folders {
    /// The crate: `frontend/`.
    source: PathBuf,
    /// What stands between the steps.
    work: PathBuf,
    /// The result, until it is whole.
    out: PathBuf,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    // The old result is there until the new one is whole.
    let next = options.out.with_extension("next");
    let folders =
        Folders { source: PathBuf::from("frontend"), work: target.join("console-build"), out: next };
    fs::create_dir_all(&folders.work)?;

    let _lock = lock::take(&folders.work)?;
    let wasm = wasm::compile(&target, options.dev)?;
    let stamp = stamp::Stamp::take(&folders, &wasm, options.dev, &options.out)?;
    if stamp.holds() && options.out.exists() {
        return Ok(());
    }
    println!("Splitting the console, making it small and compressing it …");
    if folders.out.exists() {
        fs::remove_dir_all(&folders.out)?;
    }
    fs::create_dir_all(folders.out.join("assets"))?;
    let routes = Routes::read(&folders)?;
    let parts = split::program(&folders, &wasm, &routes)?;
    wasm::bind(&folders, options.dev)?;
    if !options.dev {
        names::shorten(&folders)?;
        wasm::optimise(&folders, &parts)?;
    }
    let wholes = if options.dev { Vec::new() } else { whole::files(&folders, &parts, &routes)? };
    split::tell(&folders, &parts, &wholes)?;
    let bundle = bundle::build(&folders, &parts, &wholes, options.dev)?;
    page::write(&folders, &bundle)?;
    if !options.dev {
        compress::folder(&folders.out)?;
        budget::hold(&folders.out, &bundle, &parts, &wholes)?;
    }
    let out = &options.out;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::rename(&folders.out, out).with_context(|| format!("putting the console into {}", out.display()))?;
    stamp.keep()?;
    println!("The console is in {}.", out.display());
    Ok(())
}
