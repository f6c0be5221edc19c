//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ends at the next Ctrl-C or SIGTERM. Both are caught from this call on, not from the first poll: a task that is
/// spawned with it may run for the first time after a call to AWS went out, and a signal in between would end the
/// process in the middle of it.
pub(super) fn stop_signal() -> impl Future<Output = ()> + Send {
    async fn came(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    }
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        tokio::select! {
            () = came(interrupt) => {}
            () = came(terminate) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    #[tokio::test]
    async fn a_signal_is_caught_before_anybody_waits_for_it() {
        let stop = super::stop_signal();
        kill_process(getpid(), Signal::TERM).expect("a process may signal itself");
        tokio::time::timeout(Duration::from_secs(10), stop)
            .await
            .expect("it came");
    }
}
