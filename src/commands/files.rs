//! Writes files for the user, either completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Replaces the content of `path` in one atomic move, so that a full disk or a kill leaves an old file
/// unchanged. Keeps the permissions; a link stays a link.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let ready = Ready::beside(path, text)?;
    fs::rename(&ready.new.0, &ready.target)
}

/// The end of the name of a file with the text that another one had.
const OLD: &str = ".old.part";

/// Why files were not replaced.
#[derive(Debug)]
pub(super) struct Unreplaced {
    /// The file that could not be.
    pub path: PathBuf,
    pub error: io::Error,
    /// Files that were replaced before it and could not be put back, each with the file that has what was in it.
    pub stuck: Vec<(PathBuf, PathBuf)>,
}

/// Replaces all these files, or none: everything is written beside them first, so that only moves are left, and if one of
/// those fails, the earlier ones are taken back. After a kill between two moves, the old text of those that were replaced is
/// beside them, under their names with [`OLD`].
pub(super) fn replace_all(files: &[(&Path, &str)]) -> Result<(), Unreplaced> {
    replace_by(files, |from, to| fs::rename(from, to))
}

fn replace_by(
    files: &[(&Path, &str)],
    mut rename: impl FnMut(&Path, &Path) -> io::Result<()>,
) -> Result<(), Unreplaced> {
    let failed = |path: &Path, error| Unreplaced {
        path: path.to_owned(),
        error,
        stuck: vec![],
    };
    let mut ready = vec![];
    for (path, text) in files {
        let with_old = Ready::beside(path, text).and_then(|ready| {
            let old = ready.keep()?;
            Ok((ready, old))
        });
        ready.push(with_old.map_err(|error| failed(path, error))?);
    }
    for (index, ((path, _), (next, _))) in files.iter().zip(&ready).enumerate() {
        let Err(error) = rename(&next.new.0, &next.target) else {
            continue;
        };
        let mut failed = failed(path, error);
        for (done, old) in ready.drain(..index).rev() {
            let back = match &old {
                Some(old) => rename(&old.0, &done.target),
                None => fs::remove_file(&done.target),
            };
            if back.is_err()
                && let Some(mut old) = old
            {
                // It is the only place that has what was in the file.
                failed.stuck.push((done.target, std::mem::take(&mut old.0)));
            }
        }
        return Err(failed);
    }
    Ok(())
}

/// A text that only has to be moved to its place.
struct Ready {
    new: Part,
    target: PathBuf,
    is_there: bool,
}

impl Ready {
    fn beside(path: &Path, text: &str) -> io::Result<Self> {
        let (target, permissions) = match fs::canonicalize(path) {
            Ok(target) => {
                let permissions = fs::metadata(&target)?.permissions();
                (target, Some(permissions))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
            Err(error) => return Err(error),
        };
        let new = Part::beside(&target);
        let mut file = new.create()?;
        let is_there = permissions.is_some();
        // First, so that nobody else can read a private file's text for a moment.
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(text.as_bytes())?;
        // A full disk may only be reported at this point.
        file.sync_all()?;
        Ok(Self {
            new,
            target,
            is_there,
        })
    }

    /// What is there now, under another name; `None` if nothing is.
    fn keep(&self) -> io::Result<Option<Part>> {
        if !self.is_there {
            return Ok(None);
        }
        let mut name = self.target.clone().into_os_string();
        name.push(OLD);
        // An earlier run that could not put it back left the only copy there.
        if let Ok(left) = fs::read(&name)
            && left != fs::read(&self.target)?
        {
            let name = name.display();
            let error =
                format!("`{name}` has what an earlier run could not put back: move it back, or delete it");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
        }
        let old = Part(name.into());
        old.clear()?;
        // Some file systems have no hard links, and some files of others may not be linked.
        if fs::hard_link(&self.target, &old.0).is_err() {
            fs::copy(&self.target, &old.0)?;
        }
        Ok(Some(old))
    }
}

/// Creates a file that does not exist yet; if it cannot be written completely, removes it.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// A temporary file that is renamed once it is complete; dropping this removes it.
struct Part(PathBuf);

impl Part {
    fn beside(target: &Path) -> Self {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        Self(name.into())
    }

    /// Removes a file that a killed run left.
    fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Creates the file anew, so that somebody else's link is not followed.
    fn create(&self) -> io::Result<File> {
        self.clear()?;
        OpenOptions::new().write(true).create_new(true).open(&self.0)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After the move there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn listed(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_through_its_link_and_keeps_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        // A killed run left this file.
        fs::write(dir.path().join("file.part"), "ol").unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(listed(dir.path()), ["file", "link"]);
        replace(&dir.path().join("more"), "new").unwrap();
        assert_eq!(listed(dir.path()), ["file", "link", "more"]);
    }

    /// Two files with old texts, and one that is not there yet.
    fn three(dir: &Path) -> [PathBuf; 3] {
        let paths = ["a", "b", "c"].map(|name| dir.join(name));
        paths[..2].iter().for_each(|path| fs::write(path, "old").unwrap());
        paths
    }

    fn texts(dir: &Path) -> Vec<(String, String)> {
        let read = |name: String| (name.clone(), fs::read_to_string(dir.join(name)).unwrap());
        listed(dir).into_iter().map(read).collect()
    }

    #[test]
    fn several_files_are_replaced_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let paths = three(dir.path());
        let new = paths.each_ref().map(|path| (path.as_path(), "new"));
        let before = texts(dir.path());
        // Each move may be refused, and everything is as it was.
        for (refused, path) in paths.iter().enumerate() {
            let mut moves = 0;
            let failed = replace_by(&new, |from, to| {
                moves += 1;
                match moves > refused && to == path {
                    true => Err(io::ErrorKind::StorageFull.into()),
                    false => fs::rename(from, to),
                }
            });
            let failed = failed.unwrap_err();
            assert_eq!((failed.path, failed.stuck), (path.clone(), vec![]));
            assert_eq!(failed.error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(texts(dir.path()), before, "{refused}");
        }
        // A temporary file cannot be written where a directory is.
        let inside = dir.path().join("b.part/inside");
        fs::create_dir_all(&inside).unwrap();
        assert_eq!(replace_all(&new).unwrap_err().path, paths[1]);
        fs::remove_dir_all(dir.path().join("b.part")).unwrap();
        assert_eq!(texts(dir.path()), before);

        assert!(replace_all(&new).is_ok());
        let all = ["a", "b", "c"].map(|name| (name.to_owned(), "new".to_owned()));
        assert_eq!(texts(dir.path()), all);
    }

    #[test]
    fn what_cannot_be_put_back_is_kept_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let paths = three(dir.path());
        let new = paths.each_ref().map(|path| (path.as_path(), "new"));
        let failed = replace_by(&new, |from, to| {
            match to == paths[1] || from.ends_with("a.old.part") {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => fs::rename(from, to),
            }
        });
        let failed = failed.unwrap_err();
        let old = dir.path().join("a.old.part");
        assert_eq!(
            (failed.path, failed.stuck),
            (paths[1].clone(), vec![(paths[0].clone(), old.clone())])
        );
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");
        // The next run does not delete it.
        let refused = replace_all(&new).unwrap_err();
        assert_eq!(refused.path, paths[0]);
        assert!(
            refused
                .error
                .to_string()
                .contains("a.old.part` has what an earlier run could not")
        );
        assert_eq!(fs::read_to_string(old).unwrap(), "old");
        assert_eq!(listed(dir.path()), ["a", "a.old.part", "b"]);
    }

    #[test]
    fn what_cannot_take_the_place_of_its_target_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("directory");
        fs::create_dir(&target).unwrap();
        assert!(replace(&target, "text").is_err());
        assert_eq!(listed(dir.path()), ["directory"]);
        assert!(create(&target, "text").is_err());
        assert_eq!(listed(dir.path()), ["directory"]);
    }
}
