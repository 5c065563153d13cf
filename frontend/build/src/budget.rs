//! What a first visit may weigh, whichever page it is of: past it, the build fails.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::bundle::Bundle;
use crate::split::Parts;
use crate::whole::Whole;

/// The WebAssembly of a route, compressed, in bytes.
const WASM: u64 = 450_000;
/// Everything of a route, compressed, in bytes.
const ALL: u64 = 550_000;

/// Says what every part and every route weighs, and fails where it is too much.
pub fn hold(out: &Path, bundle: &Bundle, parts: &Parts, wholes: &[Whole]) -> Result<()> {
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
    for name in [&bundle.script, &bundle.style, &bundle.font].into_iter().chain(&bundle.chunks) {
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
    println!("A first visit (WebAssembly, everything):");
    let mut too_much = Vec::new();
    for (name, whole) in bundle.wholes.iter().zip(wholes) {
        let wasm = main + asset(name)?;
        let all = wasm + other;
        let routes = whole.routes.join(", ");
        println!("{wasm:>9} {all:>9}  {routes}");
        if is_too_much(wasm, all) {
            too_much.push(routes);
        }
    }
    ensure!(
        too_much.is_empty(),
        "more than {WASM} bytes of WebAssembly, or {ALL} bytes in all, are loaded by {}",
        too_much.join(", ")
    );
    Ok(())
}

fn is_too_much(wasm: u64, all: u64) -> bool {
    wasm > WASM || all > ALL
}

#[cfg(test)]
mod tests {
    use super::{ALL, WASM, is_too_much};

    #[test]
    fn a_route_is_held_to_both() {
        assert!(!is_too_much(WASM, ALL));
        assert!(is_too_much(WASM + 1, ALL));
        assert!(is_too_much(WASM, ALL + 1));
    }
}
