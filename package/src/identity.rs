//! Identity of a relay: its version, and a digest of everything its code is built from.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::build::{TARGET, cargo};

/// The workspace package of the relay, and its directory.
const PACKAGE: &str = "alertctl-relay";
const DIRECTORY: &str = "lambda";

/// Equal for all builds of the same sources, regardless of compiler, profile, machine or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub version: String,
    /// SHA-256 in hex of the relay's sources, its manifest, and the versions of the packages that are linked in.
    pub sha256: String,
}

impl Identity {
    /// Computes the identity from the sources in `workspace`.
    ///
    /// # Errors
    /// If a file cannot be read, or `cargo tree` fails.
    pub fn of(workspace: &Path) -> Result<Self> {
        let packages = packages(workspace)?;
        let version = packages
            .iter()
            .find_map(|package| package.strip_prefix(PACKAGE)?.strip_prefix(" v"))
            .ok_or("`cargo tree` does not name the relay")?;
        Ok(Self {
            version: version.to_owned(),
            sha256: digest(&workspace.join(DIRECTORY), &packages)?,
        })
    }

    /// The text of `relay.json`.
    pub fn json(&self) -> String {
        let Self { version, sha256 } = self;
        format!("{{\"version\": \"{version}\", \"sha256\": \"{sha256}\"}}\n")
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, sha256 } = self;
        write!(f, "relay {version} ({sha256})")
    }
}

/// The packages that are linked into the relay, as `name vVERSION`, including the relay itself. Their features are
/// not listed: for a locked version they follow from the manifests.
fn packages(workspace: &Path) -> Result<BTreeSet<String>> {
    let mut tree = cargo();
    tree.current_dir(workspace)
        .args(["tree", "--quiet", "--package", PACKAGE, "--edges", "normal"])
        .args(["--target", TARGET, "--prefix", "none", "--format", "{p}"]);
    if workspace.join("Cargo.lock").exists() {
        tree.arg("--locked");
    }
    let output = tree.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo tree` failed\n{said}").into());
    }
    // After the version come paths and notes such as `(*)`.
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .filter_map(name)
        .collect())
}

/// Digest of the manifest and the sources in `relay`, and of the packages. File names use `/` and line ends are LF,
/// so the digest is the same on every system.
fn digest(relay: &Path, packages: &BTreeSet<String>) -> Result<String> {
    let mut files = vec![relay.join("Cargo.toml")];
    collect(&relay.join("src"), &mut files)?;
    let mut named = Vec::new();
    for file in files {
        let parts = file.strip_prefix(relay)?.iter().map(OsStr::to_string_lossy);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        named.push((parts.collect::<Vec<_>>().join("/"), text.replace("\r\n", "\n")));
    }
    named.sort();
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    };
    for (name, text) in &named {
        add(name);
        add(text);
    }
    packages.iter().for_each(|package| add(package));
    Ok(hex::encode(digest.finalize()))
}

/// Adds the Rust files under `directory`. Other files, such as an editor's backups, are not compiled.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a relay that consists of these files and links one package.
    fn digest_of(files: &[(&str, &str)], package: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        digest(directory.path(), &BTreeSet::from([package.to_owned()])).unwrap()
    }

    const FILES: [(&str, &str); 3] = [
        ("Cargo.toml", "[package]\n"),
        ("src/main.rs", "mod event;\nfn main() {}\n"),
        ("src/event/mod.rs", "\n"),
    ];

    #[test]
    fn the_digest_is_of_what_is_compiled_and_not_of_where_and_how_it_lies() {
        let usual = digest_of(&FILES, "serde v1.0.0");
        assert_eq!(usual.len(), 64);
        let crlf = FILES.map(|(name, text)| (name, text.replace('\n', "\r\n")));
        let crlf = crlf.each_ref().map(|(name, text)| (*name, text.as_str()));
        assert_eq!(usual, digest_of(&crlf, "serde v1.0.0"), "line endings");
        let beside = [&FILES[..], &[("src/main.rs.orig", "x"), ("tests/a.rs", "x")]].concat();
        assert_eq!(usual, digest_of(&beside, "serde v1.0.0"), "what is not compiled");

        assert_ne!(usual, digest_of(&FILES, "serde v1.0.1"), "a dependency");
        for changed in 0..FILES.len() {
            let mut files = FILES;
            files[changed].1 = "other";
            assert_ne!(usual, digest_of(&files, "serde v1.0.0"), "{}", FILES[changed].0);
        }
        let mut renamed = FILES;
        renamed[2].0 = "src/event.rs";
        assert_ne!(usual, digest_of(&renamed, "serde v1.0.0"), "a name");
    }

    #[test]
    fn the_relay_names_what_is_linked_into_it_and_nothing_of_its_tests() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let packages = packages(workspace).unwrap();
        let has = |name: &str| {
            packages
                .iter()
                .any(|package| package.starts_with(&format!("{name} v")))
        };
        assert!(has("hyper-rustls") && has("serde"), "{packages:?}");
        assert!(
            !has("insta") && !has("clap") && !has("windows-sys"),
            "{packages:?}"
        );
        let identity = Identity::of(workspace).unwrap();
        assert_eq!(identity, Identity::of(workspace).unwrap());
        assert!(identity.version.starts_with(|first: char| first.is_ascii_digit()));
    }
}
