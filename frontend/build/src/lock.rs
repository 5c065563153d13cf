//! One build at a time in a work folder: another waits until it is done.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result};

/// Takes the folder, for as long as what is returned lives. A build that ends in whatever way lets go of it.
pub fn take(work: &Path) -> Result<File> {
    let path = work.join("lock");
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("Another build is running in {}; waiting for it.", work.display());
            file.lock().with_context(|| format!("waiting for {}", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("locking {}", path.display()));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use std::{env, fs, process, thread};

    use super::take;

    #[test]
    fn a_second_build_waits_for_the_first() {
        let folder = env::temp_dir().join(format!("annex-console-build-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let first = take(&folder).expect("nobody has it");
        let (told, tell) = channel();
        let waiting = thread::spawn({
            let folder = folder.clone();
            move || {
                let second = take(&folder).expect("it comes");
                told.send(()).expect("somebody listens");
                second
            }
        });
        assert!(tell.recv_timeout(Duration::from_millis(200)).is_err(), "it has to wait");
        drop(first);
        tell.recv_timeout(Duration::from_secs(30)).expect("it goes on");
        drop(waiting.join().expect("it does not panic"));
        fs::remove_dir_all(folder).expect("it is there");
    }
}
