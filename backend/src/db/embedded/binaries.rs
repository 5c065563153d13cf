//! Finds the programs of a Postgres server. `scripts/postgres-bin` looks in the same places.

use std::cmp::Reverse;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::LEAST_MAJOR;
use super::error::EmbeddedError;

/// One installed Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder of its programs.
    pub bin_dir: PathBuf,
    /// Its major version.
    pub major: u32,
}

impl Binaries {
    /// Finds what can run a new cluster, or the `cluster` that is there with the major version that made it.
    ///
    /// # Errors
    /// There is none, or none of that version.
    pub fn find(bin_dir: Option<&Path>, cluster: Option<(&Path, u32)>) -> Result<Self, EmbeddedError> {
        let candidates = match bin_dir {
            Some(bin_dir) => vec![bin_dir.to_owned()],
            None => candidates(),
        };
        let mut found = Vec::new();
        for binaries in candidates.iter().filter_map(|bin_dir| Self::at(bin_dir)) {
            let fits = cluster.map_or(binaries.major >= LEAST_MAJOR, |(_, major)| binaries.major == major);
            if fits {
                return Ok(binaries);
            }
            found.push(binaries);
        }
        Err(match (found.first(), cluster, bin_dir) {
            (None, _, Some(bin_dir)) => EmbeddedError::NotBinaries { bin_dir: bin_dir.to_owned() },
            (None, _, None) => EmbeddedError::NoBinaries { searched: candidates },
            (Some(_), Some((path, cluster)), _) => {
                let found = found.iter().map(|binaries| binaries.major).collect();
                EmbeddedError::OtherVersion { path: path.to_owned(), cluster, found }
            }
            (Some(newest), None, _) => {
                EmbeddedError::TooOld { found: newest.major, bin_dir: newest.bin_dir.clone() }
            }
        })
    }

    /// The Postgres in a folder, where there is one that runs.
    fn at(bin_dir: &Path) -> Option<Self> {
        if !bin_dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(bin_dir.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { bin_dir: bin_dir.to_owned(), major })
    }
}

/// The folders where distributions put Postgres, best first.
fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path)
        .filter_map(|folder| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned))
        .collect();
    folders.extend(newest_first("/usr/lib/postgresql", "", "bin"));
    folders.extend(newest_first("/usr", "pgsql-", "bin"));
    folders.push("/usr/local/pgsql/bin".into());
    folders.extend(newest_first("/opt/homebrew/opt", "postgresql@", "bin"));
    folders.extend(newest_first("/usr/local/opt", "postgresql@", "bin"));
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The folders `parent/<prefix><number>/<last>`, the highest number first.
fn newest_first(parent: &str, prefix: &str, last: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(last)))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// The major version in what `postgres --version` prints: `postgres (PostgreSQL) 17.2 (Debian 17.2-1)`, `… 18beta1`.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_the_version() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 17devel\n"), Some(17));
        assert_eq!(major_version("command not found"), None);
    }

    #[test]
    fn a_folder_without_postgres_is_named() {
        let empty = tempfile::tempdir().expect("a temporary folder");
        let error = Binaries::find(Some(empty.path()), None).expect_err("there is no postgres in it");
        assert!(error.to_string().contains(&empty.path().display().to_string()), "{error}");
        assert!(error.to_string().contains("initdb"), "{error}");
    }

    #[test]
    fn a_cluster_of_another_version_is_refused_with_the_package_to_install() {
        let error =
            Binaries::find(None, Some((Path::new("/data/postgres"), 9))).expect_err("there is no Postgres 9");
        let message = error.to_string();
        assert!(message.contains("made by Postgres 9"), "{message}");
        assert!(message.contains("apt-get install postgresql-9"), "{message}");
    }
}
