//! JavaScript, styles, fonts and the WebAssembly file, bundled and named by their content.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::Folders;
use crate::split::Parts;
use crate::wasm::run;
use crate::whole::Whole;

/// What the page names.
pub struct Bundle {
    /// The module that starts the console.
    pub script: String,
    /// The styles.
    pub style: String,
    /// The WebAssembly file.
    pub wasm: String,
    /// The modules that it imports at once.
    pub chunks: Vec<String>,
    /// The font of the first view.
    pub font: String,
    /// The files of the parts, in their order.
    pub parts: Vec<String>,
    /// The files that are a whole route, in their order.
    pub wholes: Vec<String>,
}

/// Fills `assets/` of the result.
pub fn build(folders: &Folders, parts: &Parts, wholes: &[Whole], dev: bool) -> Result<Bundle> {
    let meta = folders.work.join("bundle.json");
    let mut command = Command::new(folders.source.join("node_modules/.bin/esbuild"));
    command
        .arg(folders.source.join("js/main.js"))
        .arg(folders.source.join("styles/main.css"))
        .args(["--bundle", "--format=esm", "--splitting", "--target=es2022", "--log-level=warning"])
        .args(["--loader:.wasm=file", "--loader:.woff2=file", "--public-path=/assets"])
        .args(["--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]", "--asset-names=[name]-[hash]"])
        .arg(format!("--alias:console-wasm={}", folders.work.canonicalize()?.display()))
        .arg(format!("--alias:console-source={}", folders.source.canonicalize()?.display()))
        .arg(format!("--outdir={}", folders.out.join("assets").display()))
        .arg(format!("--metafile={}", meta.display()));
    // The bindings name the parts once for every function that they import of them.
    command.arg("--log-override:duplicate-object-key=silent");
    if !dev {
        command.arg("--minify");
    }
    run(&mut command)?;

    let meta: Value = serde_json::from_slice(&fs::read(meta)?)?;
    let outputs = meta["outputs"].as_object().context("esbuild says nothing of its outputs")?;
    let find = |ending: &str| {
        outputs
            .iter()
            .find(|(_, output)| {
                output["entryPoint"].as_str().is_some_and(|entry| entry.ends_with(ending))
                    || output["inputs"].as_object().is_some_and(|inputs| {
                        inputs.len() == 1 && inputs.keys().all(|input| input.ends_with(ending))
                    })
            })
            .and_then(|(path, _)| path.rsplit('/').next().map(str::to_owned))
            .with_context(|| format!("esbuild made nothing of {ending}"))
    };
    let wasm = |name: &str| find(&format!("/{name}.wasm"));
    let parts = parts.files.iter().map(|file| wasm(&file.name));
    let wholes = wholes.iter().map(|whole| wasm(&whole.name));
    let script = find("js/main.js")?;
    Ok(Bundle {
        parts: parts.collect::<Result<_>>()?,
        wholes: wholes.collect::<Result<_>>()?,
        chunks: imports(outputs, &script),
        script,
        style: find("styles/main.css")?,
        wasm: find("console_bg.wasm")?,
        font: find("inter-latin-wght-normal.woff2")?,
    })
}

/// The modules that a module of the result imports before it runs, and not only when it asks for them.
fn imports(outputs: &Map<String, Value>, module: &str) -> Vec<String> {
    let output = outputs.iter().find(|(path, _)| path.rsplit('/').next() == Some(module));
    let imports = output.and_then(|(_, output)| output["imports"].as_array()).into_iter().flatten();
    let at_once = imports.filter(|import| import["kind"] == "import-statement");
    let names = at_once.filter_map(|import| import["path"].as_str()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::imports;

    #[test]
    fn what_a_module_asks_for_later_is_not_imported_at_once() {
        let outputs = json!({"out/main-A.js": {"imports": [
            {"path": "out/chunk-B.js", "kind": "import-statement"},
            {"path": "out/chart-C.js", "kind": "dynamic-import"},
        ]}, "out/chart-C.js": {}});
        let outputs = outputs.as_object().expect("an object");
        assert_eq!(imports(outputs, "main-A.js"), ["chunk-B.js"]);
        assert!(imports(outputs, "chart-C.js").is_empty());
    }
}
