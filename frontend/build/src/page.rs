//! The one page, with the names of this build's files.

use std::fs;

use anyhow::Result;

use crate::bundle::Bundle;
use crate::{Folders, sprite};

/// Writes `index.html`, and the few files that are served as they are.
pub fn write(folders: &Folders, bundle: &Bundle) -> Result<()> {
    let chunks: String = bundle
        .chunks
        .iter()
        .map(|chunk| format!("<link rel=\"modulepreload\" href=\"/assets/{chunk}\">"))
        .collect();
    let page = fs::read_to_string(folders.source.join("index.html"))?
        .replace("{{script}}", &bundle.script)
        .replace("{{style}}", &bundle.style)
        .replace("{{wasm}}", &bundle.wasm)
        .replace("{{chunks}}", &chunks)
        .replace("{{icons}}", &sprite::build(folders)?);
    fs::write(folders.out.join("index.html"), page)?;
    for file in fs::read_dir(folders.source.join("public"))? {
        let file = file?;
        fs::copy(file.path(), folders.out.join(file.file_name()))?;
    }
    Ok(())
}
