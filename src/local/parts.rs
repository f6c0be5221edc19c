//! The two processes of the local mode: how each is started, and how to know that it is ready.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::process::{self, Process};
use super::{LocalError, cache, http, inbox};

/// Timeout for a response of a running part.
pub(super) const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// Timeout for a first start: it compiles Python modules, which is slow on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Timeout for a process that has run before. It may be busy, or still starting because the start was
/// interrupted.
const REUSE_PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);
/// Below the range that Linux and macOS use for outgoing connections, so that the old port is usually still
/// free after a restart.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// Another program may take a port between the check and the start.
const ATTEMPTS: usize = 3;

/// MiniStack with the additions that stacks need: the program, then the modules of its package `additions`.
const LAUNCH: &str = include_str!("emulator/launch.py");
const ADDITIONS: [(&str, &str); 17] = [
    ("__init__.py", include_str!("emulator/__init__.py")),
    ("alarms.py", include_str!("emulator/alarms.py")),
    ("buses.py", include_str!("emulator/buses.py")),
    ("deliveries.py", include_str!("emulator/deliveries.py")),
    ("filter_pattern.py", include_str!("emulator/filter_pattern.py")),
    ("keys.py", include_str!("emulator/keys.py")),
    ("log_alarms.py", include_str!("emulator/log_alarms.py")),
    ("logs.py", include_str!("emulator/logs.py")),
    ("mappings.py", include_str!("emulator/mappings.py")),
    ("metric_filters.py", include_str!("emulator/metric_filters.py")),
    ("mutes.py", include_str!("emulator/mutes.py")),
    (
        "organization_trails.py",
        include_str!("emulator/organization_trails.py"),
    ),
    ("organizations.py", include_str!("emulator/organizations.py")),
    (
        "stack_set_operations.py",
        include_str!("emulator/stack_set_operations.py"),
    ),
    ("stack_set_reads.py", include_str!("emulator/stack_set_reads.py")),
    ("stack_sets.py", include_str!("emulator/stack_sets.py")),
    ("trails.py", include_str!("emulator/trails.py")),
];

/// Identifies a version of the additions: a process with those of another alertctl is restarted.
pub(super) fn additions_digest() -> String {
    let mut digest = Sha256::new_with_prefix(LAUNCH);
    ADDITIONS.iter().for_each(|(_, text)| digest.update(text));
    hex::encode(digest.finalize())
}

/// A part of the local mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Emulator,
    Inbox,
}

/// A started part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) port: u16,
    pub(super) process: Process,
}

impl Running {
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Emulator => "local AWS",
            Self::Inbox => "inbox",
        }
    }

    /// The directory for all its data, below the local mode's directory.
    pub(super) fn dir(self, local: &Path) -> PathBuf {
        local.join(match self {
            Self::Emulator => "emulator",
            Self::Inbox => "inbox",
        })
    }

    pub(super) fn log(self, local: &Path) -> PathBuf {
        self.dir(local).join("log.txt")
    }

    pub(super) async fn answers(self, port: u16) -> bool {
        let path = match self {
            Self::Emulator => "/_ministack/health",
            Self::Inbox => "/health",
        };
        match http::get(port, path, ANSWER_PATIENCE).await {
            Ok((200, body)) => self == Self::Emulator || body == inbox::HEALTH.as_bytes(),
            _ => false,
        }
    }
}

/// Returns the part if it runs, otherwise starts it, on its old port if that is free. `note` records the
/// process before it may run.
pub(super) async fn ensure(
    kind: Kind,
    local: &Path,
    old: Option<Running>,
    command: impl Fn(u16) -> Result<Command, LocalError>,
    mut note: impl FnMut(Running) -> Result<(), LocalError>,
) -> Result<Running, LocalError> {
    if let Some(running) = &old
        && running.process.alive()
    {
        match wait(kind, local, running, REUSE_PATIENCE).await {
            Ok(()) => return Ok(running.clone()),
            // It is alive but does not answer: restart it with the same data.
            Err(_) => running.process.stop(kind.name()).await?,
        }
    }
    let mut wanted = old.map(|running| running.port);
    let mut attempt = 1;
    loop {
        let port = match wanted.take().filter(|port| is_free(*port)) {
            Some(port) => port,
            None => free_port()?,
        };
        let running = start(kind, local, port, command(port)?, &mut note)?;
        match wait(kind, local, &running, START_PATIENCE).await {
            Ok(()) => return Ok(running),
            Err(_) if attempt < ATTEMPTS && !running.process.alive() && !is_free(port) => attempt += 1,
            Err(error) => {
                running.process.stop(kind.name()).await?;
                return Err(error);
            }
        }
    }
}

fn start(
    kind: Kind,
    local: &Path,
    port: u16,
    command: Command,
    note: &mut impl FnMut(Running) -> Result<(), LocalError>,
) -> Result<Running, LocalError> {
    let log = kind.log(local);
    cache::make_private_dir(&kind.dir(local))?;
    cache::remove(&log)?;
    let program = PathBuf::from(command.get_program());
    let waiting = process::spawn(command, &log).map_err(LocalError::file("run", &program))?;
    let running = Running {
        port,
        process: waiting.process.clone(),
    };
    note(running.clone())?;
    // If the child has already ended, it cannot be started; the wait below shows its log.
    let _ = waiting.go();
    Ok(running)
}

/// Waits until the part answers; an error if it ended or took too long.
async fn wait(kind: Kind, local: &Path, running: &Running, patience: Duration) -> Result<(), LocalError> {
    let deadline = Instant::now() + patience;
    loop {
        if kind.answers(running.port).await {
            return Ok(());
        }
        let reason = if !running.process.alive() {
            "ended right after its start".to_owned()
        } else if Instant::now() > deadline {
            format!("did not answer within {} s", patience.as_secs())
        } else {
            tokio::time::sleep(POLL).await;
            continue;
        };
        let log = kind.log(local);
        return Err(LocalError::NotStarted {
            part: kind.name(),
            reason,
            tail: cache::tail(&log, 12),
            log,
        });
    }
}

/// MiniStack, without the caller's environment: functions would inherit it, and it may contain credentials.
pub(super) fn emulator_command(python: &Path, local: &Path, port: u16) -> Result<Command, LocalError> {
    let dir = Kind::Emulator.dir(local);
    for sub in ["additions", "home", "tmp", "state", "s3"] {
        cache::make_private_dir(&dir.join(sub))?;
    }
    let launch = dir.join("launch.py");
    cache::write_atomically(&launch, LAUNCH.as_bytes())?;
    for (name, text) in ADDITIONS {
        cache::write_atomically(&dir.join("additions").join(name), text.as_bytes())?;
    }
    let mut command = Command::new(python);
    command
        .arg("-I")
        .arg(launch)
        .current_dir(&dir)
        .env_clear()
        .env(
            "PATH",
            std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
        )
        .env("HOME", dir.join("home"))
        // The functions' code is unpacked here, and is deleted with the rest.
        .env("TMPDIR", dir.join("tmp"))
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        // The functions inherit this; without it they would call the real AWS.
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("PERSIST_STATE", "1")
        .env("STATE_DIR", dir.join("state"))
        .env("S3_PERSIST", "1")
        .env("S3_DATA_DIR", dir.join("s3"))
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        // No Docker, even if it is installed: MiniStack would remove containers of other MiniStacks.
        .env(
            "DOCKER_HOST",
            format!("unix://{}", dir.join("no-docker.sock").display()),
        );
    Ok(command)
}

/// This executable, run as the inbox.
pub(super) fn inbox_command(args: &[OsString], local: &Path, port: u16) -> Result<Command, LocalError> {
    let program = std::env::current_exe().map_err(LocalError::file("find", Path::new("alertctl")))?;
    let dir = Kind::Inbox.dir(local);
    cache::make_private_dir(&dir)?;
    let mut command = Command::new(program);
    command
        .args(args)
        .arg("--state-dir")
        .arg(&dir)
        .args(["--port", &port.to_string()])
        .current_dir(local)
        // It outlives the command, so it must not keep secrets from the caller's environment.
        .env_clear();
    Ok(command)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn free_port() -> Result<u16, LocalError> {
    (0..200)
        .map(|_| fastrand::u16(PORTS))
        .find(|port| is_free(*port))
        .ok_or(LocalError::NoPort {
            from: PORTS.start,
            to: PORTS.end,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
        assert!(PORTS.contains(&free_port().unwrap()));
    }

    #[test]
    fn the_emulator_gets_nothing_of_the_callers_environment() {
        let dir = tempfile::tempdir().unwrap();
        let command = emulator_command(Path::new("python"), dir.path(), 20_000).unwrap();
        let names: Vec<_> = command
            .get_envs()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        assert!(
            !names
                .iter()
                .any(|name| name.starts_with("AWS_") && name != "AWS_ENDPOINT_URL"),
            "{names:?}"
        );
        assert_eq!(names.len(), 13, "{names:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_part_that_ends_at_once_is_reported_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let command = |_| {
            let mut command = Command::new("sh");
            command.args(["-c", "echo no such module; exit 1"]);
            Ok(command)
        };
        let mut noted = 0;
        let failed = ensure(Kind::Emulator, dir.path(), None, command, |_| {
            noted += 1;
            Ok(())
        })
        .await;
        assert_eq!(noted, 1);
        let error = failed.unwrap_err().to_string();
        assert!(
            error.contains("ended right after its start\n  | no such module"),
            "{error}"
        );
    }
}
