//! Ctrl-C and SIGTERM; on Windows Ctrl-C and Ctrl-Break.

use std::io;

/// Completes at the next Ctrl-C or SIGTERM. Both are caught from this call on, not from the first poll.
/// Otherwise a spawned task might run for the first time after a call to AWS has started, and a signal in
/// between would end the process during that call.
pub(super) fn stop_signal() -> impl Future<Output = ()> + Send {
    let (interrupt, terminate) = (signals::interrupt(), signals::terminate());
    async {
        tokio::select! {
            () = came(interrupt) => {}
            () = came(terminate) => {}
        }
    }
}

/// Completes at `signal`, or never if it cannot be caught.
async fn came(signal: io::Result<impl Future<Output = ()>>) {
    match signal {
        Ok(signal) => signal.await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(unix)]
mod signals {
    use std::io;

    use tokio::signal::unix::{SignalKind, signal};

    pub fn interrupt() -> io::Result<impl Future<Output = ()> + Send> {
        next(SignalKind::interrupt())
    }

    pub fn terminate() -> io::Result<impl Future<Output = ()> + Send> {
        next(SignalKind::terminate())
    }

    fn next(kind: SignalKind) -> io::Result<impl Future<Output = ()> + Send> {
        let mut signal = signal(kind)?;
        Ok(async move { _ = signal.recv().await })
    }
}

#[cfg(windows)]
mod signals {
    use std::io;

    use tokio::signal::windows::{ctrl_break, ctrl_c};

    pub fn interrupt() -> io::Result<impl Future<Output = ()> + Send> {
        let mut signal = ctrl_c()?;
        Ok(async move { _ = signal.recv().await })
    }

    pub fn terminate() -> io::Result<impl Future<Output = ()> + Send> {
        let mut signal = ctrl_break()?;
        Ok(async move { _ = signal.recv().await })
    }
}

#[cfg(unix)]
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
