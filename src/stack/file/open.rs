//! Reads the stack file from disk, and gives advice if that fails.

use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// No real stack file is nearly as large, but a device or a core dump is.
const MAX_BYTES: u64 = 1024 * 1024;
/// File name that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// The bytes of the file, or of standard input for `-`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new(STANDARD_INPUT) {
        return up_to_limit(io::stdin().lock());
    }
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    up_to_limit(file)
}

fn up_to_limit(source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let text = format!("a stack file has at most {MAX_BYTES} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// The error in one sentence.
pub fn fact(path: &Path, error: &io::Error) -> String {
    let name = path.display();
    match error.kind() {
        _ if path == Path::new(STANDARD_INPUT) => format!("cannot read standard input: {error}"),
        ErrorKind::NotFound => match std::fs::read_link(path) {
            Ok(target) => format!(
                "`{name}` is a link to `{}`, which does not exist",
                target.display()
            ),
            Err(_) => format!("`{name}` does not exist"),
        },
        ErrorKind::IsADirectory => format!("`{name}` is a directory, not a stack file"),
        _ if leads_in_a_circle(error) => format!("`{name}` is a link that leads back to itself"),
        _ => format!("cannot read `{name}`: {error}"),
    }
}

/// What to do next.
pub fn way_on(path: &Path, error: &io::Error) -> String {
    let written = path.to_string_lossy();
    let drive = written.split_once(":\\").map(|(drive, _)| drive);
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "`ls -l` shows its owner, who can let others read it with `chmod +r`".to_owned()
        }
        ErrorKind::FileTooLarge => "pass the stack file; this is probably a different file".to_owned(),
        ErrorKind::IsADirectory => match stack_file_in(path) {
            Some(inside) => format!("did you mean `{}`?", inside.display()),
            None => format!(
                "pass a file in it, or create one there with `alertctl init {}`",
                path.join("stack.yaml").display()
            ),
        },
        _ if leads_in_a_circle(error) => "replace the link with the file".to_owned(),
        ErrorKind::NotFound if written.contains("://") => {
            "a stack file is read from the disk, not from a URL: download it, or pipe it in and pass `-` as \
             the file name"
                .to_owned()
        }
        ErrorKind::NotFound if drive.is_some_and(|drive| drive.len() == 1) => format!(
            "write the path as this system does: in WSL drive {} is `/mnt/{}`",
            drive.unwrap_or_default(),
            drive.unwrap_or_default().to_lowercase()
        ),
        ErrorKind::NotFound if path.is_symlink() => {
            "correct the link, or pass the stack file itself".to_owned()
        }
        _ => match beside(path) {
            Some(near) => format!("did you mean `{}`?", near.display()),
            None => "pass an existing stack file, or create one with `alertctl init`".to_owned(),
        },
    }
}

/// <https://learn.microsoft.com/windows/win32/debug/system-error-codes--1700-3999->
#[cfg(not(unix))]
const ERROR_CANT_RESOLVE_FILENAME: i32 = 1921;

/// Whether the error is `ELOOP`; the standard library's kind for it is not stable yet.
fn leads_in_a_circle(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return error.raw_os_error() == Some(ERROR_CANT_RESOLVE_FILENAME);
}

/// The stack file of a directory: `stack.yaml`, or the only YAML in it.
fn stack_file_in(directory: &Path) -> Option<PathBuf> {
    let usual = directory.join("stack.yaml");
    if usual.is_file() {
        return Some(usual);
    }
    let mut files = files_in(directory).filter(|path| is_yaml(path));
    files.next().filter(|_| files.next().is_none())
}

/// A file in the same directory that was probably meant.
fn beside(path: &Path) -> Option<PathBuf> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut files = files_in(directory.unwrap_or(Path::new(".")));
    let near = files.find(|other| means(path, other))?;
    Some(path.with_file_name(near.file_name()?))
}

fn files_in(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file())
}

/// Whether a file has the extension of a stack file.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml")
}

/// Whether `wanted` may be a mistake for the stack file `other`: the same name with another extension, or one
/// letter different. `prod.yaml` is not a mistake for `dev.yaml`.
fn means(wanted: &Path, other: &Path) -> bool {
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let (Some(wanted_stem), Some(stem)) = (stem(wanted), stem(other)) else {
        return false;
    };
    let is_word = |stem: &str| stem.len() > 3 && !stem.bytes().any(|byte| byte.is_ascii_digit());
    let slip =
        is_word(&wanted_stem) && is_word(&stem) && strsim::damerau_levenshtein(&wanted_stem, &stem) == 1;
    is_yaml(other) && wanted.file_name() != other.file_name() && (stem == wanted_stem || slip)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The two messages for a file that cannot be read.
    fn refusal(path: &Path) -> (String, String) {
        let error = read(path).expect_err("no file");
        (fact(path, &error), way_on(path, &error))
    }

    #[test]
    fn the_help_fits_what_is_wrong_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let holds = |name: &str, fact: &str, help: &str| {
            let (what, way) = refusal(&at(name));
            assert!(what.contains(fact), "{name}: {what}");
            assert!(way.contains(help), "{name}: {way}");
        };
        symlink("nowhere.yaml", at("dangling.yaml")).unwrap();
        holds(
            "dangling.yaml",
            "is a link to `nowhere.yaml`, which",
            "correct the link",
        );
        symlink("circle.yaml", at("circle.yaml")).unwrap();
        holds("circle.yaml", "leads back to itself", "replace the link");
        std::fs::create_dir(at("alerts")).unwrap();
        holds("alerts", "is a directory", "alerts/stack.yaml`");
        std::fs::write(at("alerts/prod.yaml"), "").unwrap();
        holds("alerts", "is a directory", "did you mean `");
        std::fs::write(at("alerts/dev.yaml"), "").unwrap();
        holds("alerts", "is a directory", "pass a file in it");
        std::fs::write(at("alerts/stack.yaml"), "").unwrap();
        holds("alerts", "is a directory", "alerts/stack.yaml`?");
        std::fs::write(at("core"), vec![b' '; 1 + MAX_BYTES as usize]).unwrap();
        holds("core", "at most 1048576 bytes", "a different file");
        let (what, way) = refusal(Path::new("https://example.com/stack.yaml"));
        assert!(
            what.contains("does not exist") && way.contains("pass `-`"),
            "{what} {way}"
        );
        let (_, way) = refusal(Path::new(r"C:\alerts\stack.yaml"));
        assert!(way.contains("`/mnt/c`"), "{way}");
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        assert!(way_on(&at("core"), &denied).contains("chmod +r"));
    }

    #[test]
    fn a_near_miss_is_the_same_name_with_another_ending_or_one_letter_away() {
        let is_meant = |wanted: &str, other: &str| means(Path::new(wanted), Path::new(other));
        assert!(is_meant("bsae.yaml", "base.yaml") && is_meant("base.yml", "base.yaml"));
        assert!(!is_meant("dev.yaml", "prod.yaml") && !is_meant("base.yaml", "base.yaml"));
    }
}
