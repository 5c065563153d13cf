//! The private folder of the database's unix socket, and the URL that leads there.
//!
//! Whoever may open the socket is let in without a password, so the folder's mode is the lock on the door.

use std::env;
use std::fmt::Write;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::Uid;
use xxhash_rust::xxh3::xxh3_64;

use super::account::Account;
use super::error::{EmbeddedError, OnPath};

/// Part of the socket's file name; nothing listens on it.
const PORT: u16 = 5432;

/// The longest path of a socket that every system takes (macOS: 104 bytes with the NUL, Linux: 108).
const LONGEST: usize = 103;

/// The database and the superuser that the cluster is made with.
pub const NAME: &str = "annex";

/// Makes the folder `run` in the data folder, or, where its path would be too long or the account cannot get
/// there, one in the system's folder for such things.
pub fn make_folder(data_dir: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let usable = |folder: &PathBuf| {
        let length = folder.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len();
        length <= LONGEST && folder.to_str().is_some() && account.closed_folder(folder).is_none()
    };
    // The same folder at every start, and another for every data folder.
    let name = format!("annex-{:016x}", xxh3_64(data_dir.as_os_str().as_encoded_bytes()));
    let folder = [
        Some(data_dir.join("run")),
        env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join(&name)),
        Some(PathBuf::from("/run").join(&name)),
        Some(env::temp_dir().join(&name)),
    ]
    .into_iter()
    .flatten()
    .filter(usable)
    .find_map(|folder| match make(&folder, account) {
        Err(EmbeddedError::File { source, .. })
            if matches!(
                source.kind(),
                ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            None
        }
        made => Some(made.map(|()| folder)),
    });
    folder.unwrap_or_else(|| {
        let folder = PathBuf::from("/tmp").join(&name);
        make(&folder, account).map(|()| folder)
    })
}

fn make(folder: &Path, account: &Account) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => account.own(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // In a shared folder somebody else may have made it first.
            let ours = |metadata: &fs::Metadata| {
                let owned = account.owns(metadata) || metadata.uid() == Uid::effective().as_raw();
                metadata.is_dir() && owned
            };
            let foreign = || EmbeddedError::ForeignSocketFolder { path: folder.to_owned() };
            if !ours(&fs::symlink_metadata(folder).on("look at", folder)?) {
                return Err(foreign());
            }
            // Whoever owns it may put another in its place at any moment: from here on it is the open one.
            let open = File::options()
                .read(true)
                .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
                .open(folder)
                .on("open", folder)?;
            if !ours(&open.metadata().on("look at", folder)?) {
                return Err(foreign());
            }
            account.own_open(&open, folder)?;
            open.set_permissions(Permissions::from_mode(0o700)).on("close to others", folder)
        }
        Err(error) => Err(error).on("make the folder", folder),
    }
}

/// Removes what a server that is no more left in its folder.
pub fn clear(folder: &Path) -> Result<(), EmbeddedError> {
    for name in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).on("remove", &path),
            _ => {}
        }
    }
    Ok(())
}

/// The URL of `database` on the socket in `folder`, in the one form that both database drivers read.
pub fn url(folder: &Path, database: &str) -> String {
    let mut host = String::new();
    for &byte in folder.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            host.push(char::from(byte));
        } else {
            write!(host, "%{byte:02X}").expect("a string takes what is written to it");
        }
    }
    format!("postgres:///{database}?host={host}&port={PORT}&user={NAME}&sslmode=disable")
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn both_drivers_read_the_url() {
        let folder = Path::new("/some/where/a b+c@d/ü");
        let url = url(folder, "annex");

        let config = tokio_postgres::Config::from_str(&url).expect("tokio-postgres reads it");
        assert_eq!(config.get_hosts(), [tokio_postgres::config::Host::Unix(folder.to_owned())]);
        assert_eq!(config.get_user(), Some("annex"));
        assert_eq!(config.get_dbname(), Some("annex"));

        let options = sqlx::postgres::PgConnectOptions::from_str(&url).expect("sqlx reads it");
        assert_eq!(options.get_socket().map(PathBuf::as_path), Some(folder));
        assert_eq!(options.get_username(), "annex");
        assert_eq!(options.get_database(), Some("annex"));
    }

    #[test]
    fn a_long_path_gets_a_short_private_folder_of_its_own() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let account = Account::choose(&parent.path().join("none")).expect("somebody runs Postgres");
        let folders = ["a", "b"].map(|letter| {
            let long = parent.path().join(letter.repeat(120));
            fs::create_dir(&long).expect("the folder can be written");
            make_folder(&long, &account).expect("a short folder can be made")
        });
        for folder in &folders {
            assert!(!folder.starts_with(parent.path()), "{}", folder.display());
            let mode = fs::metadata(folder).expect("it was made").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            fs::remove_dir(folder).expect("it is empty");
        }
        assert_ne!(folders[0], folders[1]);
    }

    #[test]
    fn a_link_in_the_folders_place_is_not_followed() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let account = Account::choose(&parent.path().join("none")).expect("somebody runs Postgres");
        std::os::unix::fs::symlink("/tmp", parent.path().join("run")).expect("the folder can be written");
        let error = make(&parent.path().join("run"), &account).expect_err("a link is not a private folder");
        assert!(matches!(error, EmbeddedError::ForeignSocketFolder { .. }), "{error}");
    }
}
