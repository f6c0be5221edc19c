//! Detached processes: starts them, recognizes them later, stops them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{LocalError, os};

const TERM_PATIENCE: Duration = Duration::from_secs(5);
const KILL_PATIENCE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(25);
/// A child waits for this line on its standard input before it does anything.
pub(super) const GO: &str = "go\n";

/// A process that can be recognized later. The system reuses ids, so the id alone is not enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// Its start time in the operating system's format; `None` if it is not available.
    started: Option<String>,
}

/// A child that waits for [`Waiting::go`]. If this is dropped instead, the child ends without having done
/// anything.
pub(super) struct Waiting {
    pub(super) process: Process,
    stdin: std::process::ChildStdin,
}

impl Waiting {
    /// Lets the child run, after its id was recorded.
    pub(super) fn go(mut self) -> std::io::Result<()> {
        self.stdin.write_all(GO.as_bytes())
    }
}

/// Starts a command in a separate process group with its output in `log`, so that neither Ctrl-C nor the end of
/// this command affects it.
pub(super) fn spawn(mut command: Command, log: &Path) -> std::io::Result<Waiting> {
    let out = OpenOptions::new().create(true).append(true).open(log)?;
    command.stdin(Stdio::piped()).stdout(out.try_clone()?).stderr(out);
    let mut child = os::in_own_group(&mut command).spawn()?;
    let pid = child.id();
    let stdin = child
        .stdin
        .take()
        .ok_or_else(|| std::io::Error::other("no standard input"))?;
    Ok(Waiting {
        process: Process {
            pid,
            started: look_up(pid).map(|seen| seen.started),
        },
        stdin,
    })
}

impl Process {
    /// Whether exactly this process still runs.
    pub(super) fn alive(&self) -> bool {
        match (look_up(self.pid), &self.started) {
            (Some(seen), Some(started)) => !seen.ended && seen.started == *started,
            // There is no start time to compare, so it is enough that the id is in use.
            (None, None) => os::is_taken(self.pid),
            _ => false,
        }
    }

    /// Stops it and everything it started: first SIGTERM, then SIGKILL. A process that no longer exists is not
    /// an error.
    pub(super) async fn stop(&self, part: &'static str) -> Result<(), LocalError> {
        if !self.alive() {
            return Ok(());
        }
        os::ask_to_end(self.pid).map_err(|error| LocalError::NotStopped {
            part,
            pid: self.pid,
            reason: error.to_string(),
        })?;
        let ended = self.ended_within(TERM_PATIENCE).await;
        // Its children may have ignored the first signal; the group keeps its id as long as one of them is
        // left. It does not matter whether the second signal reached anybody, only who is alive afterwards.
        if !self.id_taken_again() {
            os::end(self.pid);
        }
        if ended || self.ended_within(KILL_PATIENCE).await {
            return Ok(());
        }
        Err(LocalError::NotStopped {
            part,
            pid: self.pid,
            reason: "it survived SIGKILL".into(),
        })
    }

    async fn ended_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.alive() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    fn id_taken_again(&self) -> bool {
        look_up(self.pid).is_some_and(|seen| Some(&seen.started) != self.started.as_ref())
    }
}

/// The operating system's data about a process id.
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "nothing is looked up elsewhere")
)]
struct Seen {
    started: String,
    /// It has ended, but nobody has read its exit code yet (zombie).
    ended: bool,
}

#[cfg(target_os = "linux")]
fn look_up(pid: u32) -> Option<Seen> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the program's name in parentheses, may itself contain spaces and parentheses.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    // The start time counts from boot, so the boot must be the same.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(Seen {
        started: format!("{} {}", boot.trim(), fields.get(19)?),
        ended: matches!(*fields.first()?, "Z" | "X"),
    })
}

/// On other systems the local mode starts no process that it would have to recognize.
#[cfg(not(target_os = "linux"))]
fn look_up(_pid: u32) -> Option<Seen> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(dir: &Path, script: &str) -> Waiting {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        spawn(command, &dir.join("log")).unwrap()
    }

    #[test]
    fn a_process_with_the_same_id_but_another_start_is_a_stranger() {
        let mut me = Process {
            pid: std::process::id(),
            started: look_up(std::process::id()).map(|s| s.started),
        };
        assert!(me.alive());
        me.started = Some("another boot 1".into());
        assert!(!me.alive());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_stranger_is_never_signalled() {
        let dir = tempfile::tempdir().unwrap();
        let waiting = sleeper(dir.path(), "read line; exec sleep 30");
        let stranger = Process {
            started: Some("another boot 1".into()),
            ..waiting.process.clone()
        };
        stranger.stop("sleeper").await.unwrap();
        assert!(waiting.process.alive());
        waiting.process.stop("sleeper").await.unwrap();
        assert!(!waiting.process.alive());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn stopping_takes_what_it_started_along() {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "read go; (trap '' TERM; sleep 30) & echo $! > {}/child; wait",
            dir.path().display()
        );
        let waiting = sleeper(dir.path(), &script);
        let process = waiting.process.clone();
        waiting.go().unwrap();
        let file = dir.path().join("child");
        let child = loop {
            if let Some(pid) = std::fs::read_to_string(&file)
                .ok()
                .and_then(|text| text.trim().parse().ok())
            {
                break Process {
                    pid,
                    started: look_up(pid).map(|seen| seen.started),
                };
            }
            tokio::time::sleep(POLL).await;
        };
        assert!(child.alive());
        process.stop("script").await.unwrap();
        assert!(!process.alive());
        assert!(child.ended_within(KILL_PATIENCE).await);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_child_nobody_told_to_go_ends_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let waiting = sleeper(dir.path(), "read line && exec sleep 30");
        let process = waiting.process.clone();
        drop(waiting);
        assert!(process.ended_within(KILL_PATIENCE).await);
    }
}
