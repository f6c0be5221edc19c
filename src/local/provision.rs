//! Installs the pinned MiniStack into a separate Python environment in the cache directory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::LocalError;
use super::cache;

/// The version of MiniStack this alertctl was tested with.
pub const MINISTACK_VERSION: &str = "1.5.33";

const REQUIREMENTS: &str = include_str!("requirements.txt");
const OLDEST_PYTHON: (u32, u32) = (3, 10);
const TAIL_LINES: usize = 12;

/// Prints the version, and then the first missing module of those that create an environment.
const PROBE: &str = "import sys, importlib.util as u\n\
    print('%d.%d.%d' % sys.version_info[:3])\n\
    print(next((m for m in ('venv', 'ensurepip') if u.find_spec(m) is None), ''))";

/// Returns the environment's interpreter. A missing or incomplete environment is created first.
pub(super) async fn python(cache_dir: &Path, say: &mut impl FnMut(&str)) -> Result<PathBuf, LocalError> {
    let venv = Venv::under(cache_dir);
    if venv.complete() {
        return Ok(venv.python());
    }
    cache::make_private_dir(cache_dir)?;
    let lock = cache::lock(&cache_dir.join("install.lock"), || {
        say("waiting for another alertctl that is installing MiniStack");
    })
    .await?;
    if !venv.complete() {
        venv.make(cache_dir, &lock, say).await?;
    }
    Ok(venv.python())
}

/// An environment. Its name contains the digest of the requirements, so new requirements lead to a new
/// environment.
struct Venv {
    dir: PathBuf,
}

impl Venv {
    fn under(cache_dir: &Path) -> Self {
        let digest = hex::encode(Sha256::digest(REQUIREMENTS));
        Self {
            dir: cache_dir.join(format!("ministack-{MINISTACK_VERSION}-{}", &digest[..12])),
        }
    }

    fn python(&self) -> PathBuf {
        self.dir.join("bin/python")
    }

    /// This file is written last: if it is missing, the environment is incomplete. It names the interpreter
    /// that the environment was created for, because after an upgrade of that interpreter the installed
    /// packages are not found.
    fn marker(&self) -> PathBuf {
        self.dir.join("complete")
    }

    fn complete(&self) -> bool {
        let Ok(made_for) = std::fs::read_to_string(self.marker()) else {
            return false;
        };
        self.interpreter().is_some_and(|now| now == made_for)
    }

    /// The target of `bin/python`, with all links resolved.
    fn interpreter(&self) -> Option<String> {
        let path = self.python().canonicalize().ok()?;
        Some(path.to_string_lossy().into_owned())
    }

    async fn make(
        &self,
        cache_dir: &Path,
        lock: &File,
        say: &mut impl FnMut(&str),
    ) -> Result<(), LocalError> {
        let base = find_python().await?;
        let log = cache_dir.join("install.log");
        cache::remove(&log)?;
        // An environment contains absolute paths and cannot be moved, so it is created in its final place.
        cache::remove(&self.dir)?;
        say(&format!(
            "installing MiniStack {MINISTACK_VERSION} into {} (once)",
            self.dir.display()
        ));

        let mut venv = Command::new(&base);
        venv.args(["-I", "-m", "venv"]).arg(&self.dir);
        let done = run(venv, lock, &log)
            .await
            .map_err(|error| LocalError::NoPython {
                python: base.clone(),
                reason: error.to_string(),
            })?;
        if !done {
            return Err(failure("python3 -m venv", cache_dir, log));
        }

        let requirements = self.dir.join("requirements.txt");
        cache::write_atomically(&requirements, REQUIREMENTS.as_bytes())?;
        let mut pip = Command::new(self.python());
        // The user's pip settings for the index, the proxy and the certificates apply, but not settings that
        // would install something else or in another place. Nothing is compiled in advance, because most
        // modules are never used.
        pip.args([
            "-I",
            "-m",
            "pip",
            "install",
            "--require-hashes",
            "--no-deps",
            "--no-user",
            "--no-compile",
        ])
        .args([
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--retries=2",
            "-r",
        ])
        .arg(&requirements)
        .env_remove("PIP_TARGET")
        .env_remove("PIP_PREFIX")
        .env_remove("PIP_ROOT")
        .env_remove("PIP_DRY_RUN");
        if !run(pip, lock, &log)
            .await
            .map_err(LocalError::file("run", &self.python()))?
        {
            return Err(failure("pip install", cache_dir, log));
        }
        let interpreter = self.interpreter().unwrap_or_default();
        cache::write_atomically(&self.marker(), interpreter.as_bytes())
    }
}

/// Runs a command with its output in the log; returns whether it succeeded.
async fn run(mut command: Command, lock: &File, log: &Path) -> std::io::Result<bool> {
    let out = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    let status = command
        // The command reads nothing from standard input. It inherits the lock there, so that others stay out
        // even if only alertctl is killed.
        .stdin(lock.try_clone()?)
        .stdout(out.try_clone()?)
        .stderr(out)
        .kill_on_drop(true)
        .status()
        .await?;
    Ok(status.success())
}

/// Why a step failed, according to its log. On a full disk the log is empty, so the disk is checked as well.
fn failure(step: &'static str, cache_dir: &Path, log: PathBuf) -> LocalError {
    const NO_NETWORK: [&str; 7] = [
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "Network is unreachable",
        "Temporary failure in name resolution",
    ];
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let tail = cache::tail(&log, TAIL_LINES);
    if text.contains("No space left on device")
        || text.contains("Disk quota exceeded")
        || cache::is_full(cache_dir)
    {
        LocalError::NoSpace {
            dir: cache_dir.to_owned(),
        }
    } else if text.contains("DO NOT MATCH THE HASHES") {
        LocalError::WrongHash { tail, log }
    } else if NO_NETWORK.iter().any(|sign| text.contains(sign)) {
        LocalError::Offline {
            tail: cache::tail(&log, 3),
            log,
        }
    } else {
        LocalError::Install { step, tail, log }
    }
}

/// The Python for the environment, after checking that it can create one.
async fn find_python() -> Result<String, LocalError> {
    let python = std::env::var("ALERTCTL_PYTHON")
        .ok()
        .filter(|name| !name.is_empty());
    let python = python.unwrap_or_else(|| "python3".into());
    let out = Command::new(&python)
        .args(["-I", "-c", PROBE])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| LocalError::NoPython {
            python: python.clone(),
            reason: error.to_string(),
        })?;
    let text = String::from_utf8_lossy(&out.stdout);
    let mut lines = text.lines();
    let found = lines.next().unwrap_or_default().to_owned();
    let Some(version) = parse_version(&found).filter(|_| out.status.success()) else {
        let reason = String::from_utf8_lossy(&out.stderr)
            .lines()
            .last()
            .unwrap_or("no version shown")
            .to_owned();
        return Err(LocalError::NoPython { python, reason });
    };
    if version < OLDEST_PYTHON {
        return Err(LocalError::OldPython { python, found });
    }
    match lines.next().unwrap_or_default() {
        "" => Ok(python),
        module => Err(LocalError::NoVenv {
            python,
            found,
            module: module.to_owned(),
        }),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("3.9.2").unwrap() < OLDEST_PYTHON);
        assert!(parse_version("3.10.0").unwrap() >= OLDEST_PYTHON);
        assert!(parse_version("3.14.1").unwrap() > OLDEST_PYTHON);
        assert_eq!(parse_version("Python"), None);
    }

    #[test]
    fn every_requirement_is_pinned_with_a_digest() {
        assert!(REQUIREMENTS.contains(&format!("ministack=={MINISTACK_VERSION} ")));
        let entries = REQUIREMENTS.replace("\\\n", " ");
        for entry in entries.lines().filter(|line| !line.starts_with('#')) {
            assert!(
                entry.contains("==") && entry.contains("--hash=sha256:"),
                "{entry}"
            );
        }
    }

    #[test]
    fn an_environment_counts_only_when_its_making_ended_and_its_python_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let venv = Venv::under(dir.path());
        std::fs::create_dir_all(venv.dir.join("bin")).unwrap();
        std::fs::write(dir.path().join("python3.11"), "").unwrap();
        std::os::unix::fs::symlink(dir.path().join("python3.11"), venv.python()).unwrap();
        assert!(!venv.complete());
        std::fs::write(venv.marker(), venv.interpreter().unwrap()).unwrap();
        assert!(venv.complete());
        std::fs::rename(dir.path().join("python3.11"), dir.path().join("python3.12")).unwrap();
        assert!(!venv.complete(), "the interpreter is gone");
    }

    #[test]
    fn failures_of_pip_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let failure = |text: &str| {
            std::fs::write(&log, text).unwrap();
            super::failure("pip install", dir.path(), log.clone())
        };
        assert!(matches!(
            failure("x NewConnectionError y"),
            LocalError::Offline { .. }
        ));
        assert!(matches!(
            failure("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
            LocalError::WrongHash { .. }
        ));
        assert!(matches!(
            failure("OSError: [Errno 28] No space left on device"),
            LocalError::NoSpace { .. }
        ));
        assert!(matches!(
            failure("error: something else"),
            LocalError::Install { .. }
        ));
    }
}
