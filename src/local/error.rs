//! Errors of the local mode, each with advice on what to do.

use std::path::{Path, PathBuf};

/// Why the local mode could not do what was requested.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The relay is a program for another platform.
    #[error("the local mode runs the relay itself, which is a program for Linux on x86-64")]
    NotHere,

    /// Neither the environment variables nor a home directory give a place for the cache.
    #[error("no cache directory: neither ALERTCTL_CACHE_DIR nor XDG_CACHE_HOME nor HOME is set")]
    NoCacheDir,

    /// A file or directory of the cache could not be used.
    #[error("failed to {action} `{}`: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },

    /// The interpreter does not exist or does not run.
    #[error("Python `{python}` cannot be run: {reason}")]
    NoPython { python: String, reason: String },

    /// The interpreter is older than MiniStack supports.
    #[error("Python `{python}` is version {found}; the local AWS needs 3.10 or newer")]
    OldPython { python: String, found: String },

    /// Debian and related distributions ship Python without the modules that create an environment.
    #[error("Python `{python}` {found} cannot make virtual environments: its `{module}` module is missing")]
    NoVenv {
        python: String,
        found: String,
        module: String,
    },

    /// The package index did not answer.
    #[error("the package index could not be reached to install MiniStack\n{tail}")]
    Offline { tail: String, log: PathBuf },

    /// A downloaded file is not the one that was pinned.
    #[error("a downloaded package is not the one that alertctl pins, so nothing was installed\n{tail}")]
    WrongHash { tail: String, log: PathBuf },

    /// The disk of the cache is full.
    #[error("not enough disk space for the local AWS in `{}`", dir.display())]
    NoSpace { dir: PathBuf },

    /// Creating the environment or installing into it failed for another reason.
    #[error("failed to install MiniStack: {step} failed\n{tail}")]
    Install {
        step: &'static str,
        tail: String,
        log: PathBuf,
    },

    /// A process ended before it answered, or never answered.
    #[error("the {part} {reason}\n{tail}")]
    NotStarted {
        part: &'static str,
        reason: String,
        tail: String,
        log: PathBuf,
    },

    /// A process could not be ended.
    #[error("the {part} (process {pid}) could not be stopped: {reason}")]
    NotStopped {
        part: &'static str,
        pid: u32,
        reason: String,
    },

    /// No free port in the range.
    #[error("no free port was found on 127.0.0.1 between {from} and {to}")]
    NoPort { from: u16, to: u16 },

    /// The inbox sent an unexpected response, or none.
    #[error("the inbox at {url} did not answer: {reason}")]
    Inbox { url: String, reason: String },

    /// The local AWS did not accept an event, or its response was not understood.
    #[error("the local AWS at {url} did not accept the event: {reason}")]
    EventRefused { url: String, reason: String },

    /// The inbox refused a message, as the service would.
    #[error("the service would refuse this message: {answer}")]
    MessageRefused { url: String, answer: String },

    /// Another inbox serves the same messages.
    #[error("another inbox already serves `{}`", path.display())]
    InboxBusy { path: PathBuf },
}

impl LocalError {
    /// What to do next, as one sentence or command.
    pub fn hint(&self) -> String {
        match self {
            Self::NotHere => {
                "run it on such a machine, in WSL or in a container of linux/amd64; everything else works \
                              here against AWS"
                    .into()
            }
            Self::NoCacheDir => "set ALERTCTL_CACHE_DIR to a directory that alertctl can write to".into(),
            Self::File { path, .. } => format!(
                "check the permissions and the free space of `{}`, or set ALERTCTL_CACHE_DIR to another directory",
                path.parent().unwrap_or(path).display()
            ),
            Self::NoPython { .. } => {
                "install Python 3.10 or newer, or choose one with ALERTCTL_PYTHON=/path/to/python3".into()
            }
            Self::OldPython { .. } => "choose a newer one with ALERTCTL_PYTHON=/path/to/python3.12".into(),
            Self::NoVenv { found, .. } => {
                let minor = found.rsplit_once('.').map_or(found.as_str(), |(minor, _)| minor);
                format!(
                    "on Debian and Ubuntu: `apt install python3-venv` (or `python{minor}-venv`); elsewhere, \
                     choose another Python with ALERTCTL_PYTHON"
                )
            }
            Self::Offline { log, .. } => format!(
                "check the network; behind a proxy set HTTPS_PROXY, for a mirror PIP_INDEX_URL; full log: {}",
                log.display()
            ),
            Self::WrongHash { log, .. } => format!(
                "check the mirror or proxy that served it and run the command again; full log: {}",
                log.display()
            ),
            Self::NoSpace { .. } => {
                "it takes about 150 MB: free some space, or set ALERTCTL_CACHE_DIR to a directory on another \
                 disk"
                    .into()
            }
            Self::Install { log, .. } => format!("full log: {}; then run the command again", log.display()),
            Self::NotStarted { log, .. } => format!(
                "full log: {}; `alertctl local down` deletes whatever may be broken, `alertctl local up` \
                 starts from scratch",
                log.display()
            ),
            Self::NotStopped { pid, .. } => {
                format!("stop it with `kill -9 {pid}`, then `alertctl local down`")
            }
            Self::NoPort { .. } => "stop a program that listens there, then try again".into(),
            Self::Inbox { .. } => {
                "`alertctl local status` shows what runs, `alertctl local up` restarts it".into()
            }
            Self::EventRefused { .. } => {
                "send an EventBridge event: `alertctl events` lists samples, `local status` shows what runs"
                    .into()
            }
            Self::MessageRefused { url, .. } => format!("{url} shows it with the reason"),
            Self::InboxBusy { .. } => "`alertctl local status` shows where it is".into(),
        }
    }

    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
