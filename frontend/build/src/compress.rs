//! The compressed form of every file, and the budget that they must hold.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, ensure};
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::bundle::Bundle;

/// What the WebAssembly file is to weigh, compressed, in bytes. It is above that (docs/KNOWN-QUIRKS.md), and a build says by how much.
const WASM_AIM: u64 = 450 * 1024;
/// What it may weigh until then. This number only goes down.
const WASM_BUDGET: u64 = 800 * 1024;
/// What the first view may weigh in all, compressed, in bytes.
const FIRST_LOAD_BUDGET: u64 = WASM_BUDGET + 100 * 1024;

/// Puts `FILE.br` and `FILE.gz` beside every file that gets smaller by it.
pub fn folder(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            self::folder(&path)?;
        } else if path.extension().is_none_or(|extension| extension != "woff2" && extension != "png") {
            file(&path)?;
        }
    }
    Ok(())
}

fn file(path: &Path) -> Result<()> {
    let content = fs::read(path)?;
    let mut brotli = CompressorWriter::new(Vec::new(), 1 << 16, 11, 24);
    brotli.write_all(&content)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&content)?;
    for (ending, compressed) in [("br", brotli.into_inner()), ("gz", gzip.finish()?)] {
        if compressed.len() < content.len() {
            let mut name = path.as_os_str().to_owned();
            name.push(".");
            name.push(ending);
            fs::write(name, compressed)?;
        }
    }
    Ok(())
}

/// Says what the first view weighs, and fails where it is too much.
pub fn hold_budget(out: &Path, bundle: &Bundle) -> Result<()> {
    let size = |name: &str| -> Result<u64> {
        let path = out.join(name);
        let compressed = out.join(format!("{name}.br"));
        Ok(fs::metadata(if compressed.exists() { compressed } else { path })?.len())
    };
    let mut all = size("index.html")?;
    println!("{:>9} bytes  index.html", all);
    for name in bundle.first_load() {
        let bytes = size(&format!("assets/{name}"))?;
        println!("{bytes:>9} bytes  assets/{name}");
        all += bytes;
    }
    let wasm = size(&format!("assets/{}", bundle.wasm))?;
    println!("{all:>9} bytes  the first view, compressed (at most {FIRST_LOAD_BUDGET})");
    if wasm > WASM_AIM {
        println!("{:>9} bytes  over the aim for the WebAssembly file ({WASM_AIM})", wasm - WASM_AIM);
    }
    ensure!(
        wasm <= WASM_BUDGET,
        "the WebAssembly file is {wasm} bytes compressed, at most {WASM_BUDGET} are allowed"
    );
    ensure!(
        all <= FIRST_LOAD_BUDGET,
        "the first view is {all} bytes compressed, at most {FIRST_LOAD_BUDGET} are allowed"
    );
    Ok(())
}
