//! Operating system functions of the local mode: files that only their owner can read, process groups, signals.
//!
//! The local mode runs only on Linux, where the relay runs. On other systems these functions do the least that
//! compiles, and nothing calls them.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::process::Command;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
#[cfg(unix)]
use std::os::unix::process::CommandExt as _;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};

/// Whether this machine can run the relay, a program for Linux on x86-64.
pub(super) const RUNS_THE_RELAY: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Gives only the owner access to a new directory.
pub(super) fn make_private(directory: &mut DirBuilder) -> &mut DirBuilder {
    #[cfg(unix)]
    directory.mode(0o700);
    directory
}

/// Gives only the owner access to a new file.
pub(super) fn keep_private(file: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    file.mode(0o600);
    file
}

/// Starts a command in a separate process group, whose id is that of the first process.
pub(super) fn in_own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Whether a process with this id exists.
pub(super) fn is_taken(pid: u32) -> bool {
    #[cfg(unix)]
    return id(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    #[cfg(not(unix))]
    return pid == std::process::id();
}

/// Sends SIGTERM to a process group. A group that no longer exists is not an error.
pub(super) fn ask_to_end(group: u32) -> io::Result<()> {
    #[cfg(unix)]
    return match id(group).map(|group| kill_process_group(group, Signal::TERM)) {
        None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
        Some(Err(error)) => Err(error.into()),
    };
    #[cfg(not(unix))]
    return Err(io::Error::new(
        io::ErrorKind::Unsupported,
        format!("process {group}"),
    ));
}

/// Kills a process group; it may already be empty.
pub(super) fn end(group: u32) {
    #[cfg(unix)]
    let _ = id(group).map(|group| kill_process_group(group, Signal::KILL));
    #[cfg(not(unix))]
    let _ = group;
}

#[cfg(unix)]
fn id(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Completes when this process is asked to end (SIGTERM). Ignores the hangup when the terminal that started it
/// closes.
#[cfg(unix)]
pub(super) fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let hangup = signal(SignalKind::hangup())?;
    let mut term = signal(SignalKind::terminate())?;
    Ok(async move {
        term.recv().await;
        drop(hangup);
    })
}

/// Never completes on this system.
#[cfg(not(unix))]
pub(super) fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
