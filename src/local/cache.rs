//! The local mode's directory for files, and the lock that lets only one command at a time change them.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LocalError, os};

const LOCK_POLL: Duration = Duration::from_millis(100);

/// The directory for everything that can be created again: `$ALERTCTL_CACHE_DIR`, otherwise
/// `$XDG_CACHE_HOME/alertctl`, otherwise `~/.cache/alertctl`.
pub(super) fn cache_dir() -> Result<PathBuf, LocalError> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let dir = set("ALERTCTL_CACHE_DIR")
        // The XDG specification says to ignore a relative path.
        .or_else(|| {
            set("XDG_CACHE_HOME")
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join("alertctl"))
        })
        .or_else(|| set("HOME").map(|home| home.join(".cache/alertctl")))
        .ok_or(LocalError::NoCacheDir)?;
    std::path::absolute(&dir).map_err(LocalError::file("resolve", &dir))
}

/// Creates a directory, and its parents, that only its owner can read, because messages may be private.
pub(super) fn make_private_dir(dir: &Path) -> Result<(), LocalError> {
    os::make_private(DirBuilder::new().recursive(true))
        .create(dir)
        .map_err(LocalError::file("create", dir))
}

/// Writes a file atomically: a reader sees either the old or the new content, never a part.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), LocalError> {
    let new = path.with_extension("new");
    let written = std::fs::write(&new, content).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // On a full disk the partial file would take space that something else needs.
        let _ = std::fs::remove_file(&new);
    }
    written.map_err(LocalError::file("write", path))
}

/// Whether the disk of a directory is full, tested by writing a small file.
pub(super) fn is_full(dir: &Path) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let probe = dir.join("space");
    let written = std::fs::write(&probe, [0; 64 * 1024]);
    let _ = std::fs::remove_file(&probe);
    written.is_err_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// Removes a file or directory tree; a missing one is not an error.
pub(super) fn remove(path: &Path) -> Result<(), LocalError> {
    let removed = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(LocalError::file("remove", path)),
    }
}

/// The last lines of a log, for an error message.
pub(super) fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let kept = all[all.len().saturating_sub(lines)..].iter();
    kept.map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Takes an exclusive lock on a file if nobody holds it. The lock is held until the returned file is dropped or
/// the process ends in any way.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>, LocalError> {
    let file = os::keep_private(OpenOptions::new().create(true).append(true))
        .open(path)
        .map_err(LocalError::file("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(LocalError::file("lock", path)(error)),
    }
}

/// Takes the lock, and waits if somebody else holds it. Polls, so that Ctrl-C ends the wait.
pub(super) async fn lock(path: &Path, mut on_wait: impl FnMut()) -> Result<File, LocalError> {
    let mut announced = false;
    loop {
        if let Some(lock) = try_lock(path)? {
            return Ok(lock);
        }
        if !announced {
            on_wait();
            announced = true;
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_lock_excludes_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = lock(&path, || panic!("nobody to wait for")).await.unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
    }

    #[test]
    fn removing_what_is_not_there_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        remove(&dir.path().join("absent")).unwrap();
        make_private_dir(&dir.path().join("a/b")).unwrap();
        remove(&dir.path().join("a")).unwrap();
        assert!(!dir.path().join("a").exists());
    }

    #[test]
    fn a_tail_keeps_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        std::fs::write(&log, "one\n\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&log, 2), "  | two\n  | three");
        assert_eq!(tail(&dir.path().join("absent"), 2), "");
    }
}
