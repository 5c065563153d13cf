//! The icons: those of Lucide that `icons.txt` names, as symbols of one hidden picture in the page.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};

use crate::Folders;

/// The `<svg>` that has every icon as `<symbol id="icon-NAME">`.
pub fn build(folders: &Folders) -> Result<String> {
    let names = fs::read_to_string(folders.source.join("icons.txt"))?;
    let mut sprite = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg" hidden aria-hidden="true">"#);
    for name in names.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let path = folders.source.join("node_modules/lucide-static/icons").join(format!("{name}.svg"));
        let icon = fs::read_to_string(&path).with_context(|| format!("there is no icon {name}"))?;
        let start = icon.find("<svg").context("not an icon")?;
        let inside = icon[start..].find('>').map(|end| start + end + 1).context("not an icon")?;
        let end = icon.rfind("</svg>").context("not an icon")?;
        let body: String = icon[inside..end].split_whitespace().collect::<Vec<_>>().join(" ");
        write!(sprite, r#"<symbol id="icon-{name}" viewBox="0 0 24 24">{body}</symbol>"#)?;
    }
    sprite.push_str("</svg>");
    Ok(sprite)
}
