//! Rust to WebAssembly, its JavaScript bindings, and the optimiser.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, iter, thread};

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::Folders;
use crate::split::{MAIN, Parts};

/// Compiles the console; answers with the file. The linker leaves in it what names each address, for it to be split.
pub fn compile(target: &Path, dev: bool) -> Result<PathBuf> {
    let profile = if dev { "dev" } else { "console" };
    run(Command::new(env!("CARGO"))
        .args(["rustc", "--package", "annex-console", "--bin", "annex-console"])
        .args(["--target", "wasm32-unknown-unknown", "--profile", profile])
        .args(["--", "-C", "link-arg=--emit-relocs"]))?;
    let folder = if dev { "debug" } else { "console" };
    Ok(target.join("wasm32-unknown-unknown").join(folder).join("annex-console.wasm"))
}

/// Puts `console.js` and `console_bg.wasm` into the work folder.
pub fn bind(folders: &Folders, dev: bool) -> Result<()> {
    Bindgen::new()
        .input_path(folders.work.join(MAIN))
        .out_name("console")
        .web(true)?
        .typescript(false)
        // The table, which the parts import.
        .keep_lld_exports(true)
        .remove_name_section(!dev)
        .remove_producers_section(true)
        .generate(&folders.work)
        .context("making the bindings")
}

/// Of fewer bytes there is less to be gained than the optimiser takes to start.
const WORTH_IT: u64 = 3 * 1024;

/// Makes the file that starts, and every part, smaller; as many at a time as there are processors.
pub fn optimise(folders: &Folders, parts: &Parts) -> Result<()> {
    let names: Vec<_> =
        iter::once("console_bg").chain(parts.files.iter().map(|file| file.name.as_str())).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = folders.work.join(format!("{name}.wasm"));
            if fs::metadata(&file)?.len() < WORTH_IT {
                continue;
            }
            run(Command::new(folders.source.join("node_modules/.bin/wasm-opt"))
                .args([
                    "-Oz",
                    "--enable-bulk-memory",
                    "--enable-nontrapping-float-to-int",
                    "--enable-sign-ext",
                ])
                .args(["--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"])
                .arg(&file)
                .arg("-o")
                .arg(&file))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers = (0..thread::available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work));
        let workers: Vec<_> = workers.collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    ensure!(status.success(), "{:?} failed ({status})", command.get_program());
    Ok(())
}
