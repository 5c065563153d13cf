//! JavaScript, styles, fonts and the WebAssembly file, bundled and named by their content.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Folders;
use crate::wasm::run;

/// What the page names.
pub struct Bundle {
    /// The module that starts the console.
    pub script: String,
    /// The styles.
    pub style: String,
    /// The WebAssembly file.
    pub wasm: String,
    /// The font of the first view.
    pub font: String,
}

impl Bundle {
    /// What a browser loads for the first view, besides the page itself.
    pub fn first_load(&self) -> [&str; 4] {
        [&self.script, &self.style, &self.wasm, &self.font]
    }
}

/// Fills `assets/` of the result.
pub fn build(folders: &Folders, dev: bool) -> Result<Bundle> {
    let meta = folders.work.join("bundle.json");
    let mut command = Command::new(folders.source.join("node_modules/.bin/esbuild"));
    command
        .arg(folders.source.join("js/main.js"))
        .arg(folders.source.join("styles/main.css"))
        .args(["--bundle", "--format=esm", "--splitting", "--target=es2022", "--log-level=warning"])
        .args(["--loader:.wasm=file", "--loader:.woff2=file", "--public-path=/assets"])
        .args(["--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]", "--asset-names=[name]-[hash]"])
        .arg(format!("--alias:console-wasm={}", folders.work.canonicalize()?.display()))
        .arg(format!("--outdir={}", folders.out.join("assets").display()))
        .arg(format!("--metafile={}", meta.display()));
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
    Ok(Bundle {
        script: find("js/main.js")?,
        style: find("styles/main.css")?,
        wasm: find("console_bg.wasm")?,
        font: find("inter-latin-wght-normal.woff2")?,
    })
}
