//! What a first visit loads beside the file that starts: all that its route needs, as one file. Its parts are also there by themselves,
//! for who comes from another page.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use crate::routes::Routes;
use crate::split::Parts;
use crate::{Folders, merge};

/// One file that is several of the parts' files.
pub struct Whole {
    /// Its name, without an ending.
    pub name: String,
    /// The paths of the routes that need just these.
    pub routes: Vec<String>,
}

impl Whole {
    /// What a script calls it.
    pub fn variable(&self) -> String {
        self.name.replace('-', "")
    }
}

/// Puts the files of every route together in the work folder, as small as they were made.
pub fn files(folders: &Folders, parts: &Parts, routes: &Routes) -> Result<Vec<Whole>> {
    let mut needed = BTreeMap::<Vec<usize>, Vec<String>>::new();
    for (path, needs) in &routes.0 {
        needed.entry(parts.files_of(needs).collect()).or_default().push(path.clone());
    }
    let mut wholes = Vec::new();
    for (files, routes) in needed {
        let name = format!("whole-{}", wholes.len());
        let modules = files
            .into_iter()
            .map(|file| Ok(fs::read(folders.work.join(format!("{}.wasm", parts.files[file].name)))?))
            .collect::<Result<Vec<_>>>()?;
        let module = merge::modules(&modules).with_context(|| format!("putting {name} together"))?;
        fs::write(folders.work.join(format!("{name}.wasm")), module)?;
        wholes.push(Whole { name, routes });
    }
    Ok(wholes)
}
