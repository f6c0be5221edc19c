//! What the local mode asks of the operating system: files of their owner alone, processes in a group, signals.
//!
//! It runs on Linux only, where the relay does; elsewhere these do the least that compiles, and nothing calls them.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::process::Command;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
#[cfg(unix)]
use std::os::unix::process::CommandExt as _;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};

/// Whether the relay, a program for Linux on x86-64, runs on this machine.
pub(super) const RUNS_THE_RELAY: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Lets only its owner into a directory that is to be made.
pub(super) fn make_private(directory: &mut DirBuilder) -> &mut DirBuilder {
    #[cfg(unix)]
    directory.mode(0o700);
    directory
}

/// Lets only its owner at a file that is to be made.
pub(super) fn keep_private(file: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    file.mode(0o600);
    file
}

/// Puts what a command starts into a process group of its own, which has the id of the first process.
pub(super) fn in_own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Whether a process has this id.
pub(super) fn is_taken(pid: u32) -> bool {
    #[cfg(unix)]
    return id(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    #[cfg(not(unix))]
    return pid == std::process::id();
}

/// Asks a process group to end. One that is gone already is fine.
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

/// Ends a process group. Whether anybody was left does not matter.
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

/// Ends once this process is asked to end. The terminal it was started from may close meanwhile.
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

/// Ends once this process is asked to end.
#[cfg(not(unix))]
pub(super) fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
