//! Whether there is anything to do: a fingerprint of all that a build is made of.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::Folders;

/// What a build was made of, kept beside the work.
pub struct Stamp {
    file: PathBuf,
    now: String,
}

impl Stamp {
    /// The fingerprint of the compiled console and of every source file that is not Rust.
    pub fn take(folders: &Folders, wasm: &Path, dev: bool, out: &Path) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        (dev, out, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        // The builder itself counts too.
        for path in [wasm.to_owned(), std::env::current_exe()?] {
            fs::read(path)?.hash(&mut hasher);
        }
        for part in ["js", "styles", "public", "index.html", "icons.txt", "routes.json", "package-lock.json"]
        {
            hash(&folders.source.join(part), &mut hasher)?;
        }
        Ok(Self { file: folders.work.join("stamp"), now: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the last build was made of the same.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.now)
    }

    /// Remembers this build.
    pub fn keep(&self) -> Result<()> {
        Ok(fs::write(&self.file, &self.now)?)
    }
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            self::hash(&entry, hasher)?;
        }
    } else {
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}
