//! Rust to WebAssembly, its JavaScript bindings, and the optimiser.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::Folders;

/// Compiles the console; answers with the file.
pub fn compile(target: &Path, dev: bool) -> Result<PathBuf> {
    let profile = if dev { "dev" } else { "console" };
    run(Command::new(env!("CARGO")).args([
        "build",
        "--package",
        "annex-console",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        profile,
    ]))?;
    let folder = if dev { "debug" } else { "console" };
    Ok(target.join("wasm32-unknown-unknown").join(folder).join("annex-console.wasm"))
}

/// Puts `console.js` and `console_bg.wasm` into the work folder.
pub fn bind(folders: &Folders, wasm: &Path, dev: bool) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .out_name("console")
        .web(true)?
        .typescript(false)
        .remove_name_section(!dev)
        .remove_producers_section(true)
        .generate(&folders.work)
        .with_context(|| format!("making the bindings of {}", wasm.display()))?;
    if !dev {
        let wasm = folders.work.join("console_bg.wasm");
        run(Command::new(folders.source.join("node_modules/.bin/wasm-opt"))
            .args(["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
            .args([
                "--enable-sign-ext",
                "--enable-mutable-globals",
                "--enable-reference-types",
                "--enable-multivalue",
            ])
            .arg(&wasm)
            .arg("-o")
            .arg(&wasm))?;
    }
    Ok(())
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    ensure!(status.success(), "{:?} failed ({status})", command.get_program());
    Ok(())
}
