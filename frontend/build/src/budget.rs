//! What a first visit may weigh, route by route: past it, the build fails.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::bundle::Bundle;
use crate::routes::Routes;
use crate::split::Parts;

/// The file that starts, compressed, in bytes.
const WASM: u64 = 450 * 1024;
/// Everything of a first route, compressed, in bytes.
const FIRST_ROUTE: u64 = 550 * 1024;
/// Where a visit begins, unless a link led elsewhere.
const FIRST_ROUTES: [&str; 2] = ["/sign-in", "/"];

/// Says what every part and every route weighs, and fails where it is too much.
pub fn hold(out: &Path, bundle: &Bundle, parts: &Parts, routes: &Routes) -> Result<()> {
    let size = |name: &str| -> Result<u64> {
        let path = out.join(name);
        let compressed = out.join(format!("{name}.br"));
        Ok(fs::metadata(if compressed.exists() { compressed } else { path })?.len())
    };
    let asset = |name: &String| size(&format!("assets/{name}"));
    println!("Compressed, in bytes:");
    let page = size("index.html")?;
    println!("{page:>9}  index.html");
    let mut other = page;
    for name in [&bundle.script, &bundle.style, &bundle.font] {
        let bytes = asset(name)?;
        println!("{bytes:>9}  {name}");
        other += bytes;
    }
    let main = asset(&bundle.wasm)?;
    println!("{main:>9}  {}", bundle.wasm);
    let sizes = bundle.parts.iter().map(asset).collect::<Result<Vec<_>>>()?;
    for ((name, bytes), file) in bundle.parts.iter().zip(&sizes).zip(&parts.files) {
        let of: Vec<_> = file.parts.iter().map(String::as_str).collect();
        println!("{bytes:>9}  {name}: {}", of.join(", "));
    }
    ensure!(main <= WASM, "{} is {main} bytes compressed, at most {WASM} are allowed", bundle.wasm);
    println!("A first visit (WebAssembly, everything, files of WebAssembly):");
    let mut too_much = Vec::new();
    for (path, needs) in &routes.0 {
        let files: Vec<_> = parts.files_of(needs).collect();
        let wasm = main + files.iter().map(|&file| sizes[file]).sum::<u64>();
        let all = wasm + other;
        println!("{wasm:>9} {all:>9} {:>3}  {path}", files.len() + 1);
        if FIRST_ROUTES.contains(&path.as_str()) && all > FIRST_ROUTE {
            too_much.push(path.as_str());
        }
    }
    ensure!(too_much.is_empty(), "more than {FIRST_ROUTE} bytes are loaded by {}", too_much.join(", "));
    Ok(())
}
