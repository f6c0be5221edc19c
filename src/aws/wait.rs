//! Bounded waits: for a condition to come true, and for AWS to stop refusing what is only not ready yet.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, Result};

/// How long a new IAM role or policy may take to be known everywhere.
pub const PROPAGATION: Duration = Duration::from_secs(2 * 60);
/// How long Lambda may take to accept a new role or key, and to finish a change.
pub const LAMBDA: Duration = Duration::from_secs(5 * 60);

/// Repeats `call` while `passing` says that its refusal is one that time mends, for at most `limit`.
///
/// Pauses 0.25, 0.5, 1, then 2 s, with jitter. The last refusal comes back with a hint that says how long
/// it was tried.
pub async fn retry<T>(
    limit: Duration,
    passing: impl Fn(&Fault) -> bool,
    mut call: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        match call().await {
            Err(mut fault) if passing(&fault) => {
                if start.elapsed() + pause > limit {
                    let minutes = limit.as_secs() / 60;
                    let next = fault.hint.take();
                    let next = next.as_deref().unwrap_or("run the same command again");
                    return Err(fault.hint(format!(
                        "AWS still refused after {minutes} min of retries; what is done so far is kept: {next}"
                    )));
                }
                sleep(jitter(pause)).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            result => return result,
        }
    }
}

/// Polls `check` until it yields a value, for at most `limit`; `what` completes "still waiting for …".
///
/// Polls quickly at first (20 ms, for things that are ready at once), then every 2 s.
pub async fn until<T>(
    limit: Duration,
    action: &'static str,
    what: &str,
    mut check: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        if let Some(value) = check().await? {
            return Ok(value);
        }
        if start.elapsed() + pause > limit {
            let text = format!("still waiting for {what} after {} s", limit.as_secs());
            return Err(
                Fault::new(action, "Timeout", text).hint("run the same command again to go on waiting")
            );
        }
        sleep(pause).await;
        // Grows with the time waited, so that a short wait ends soon after its cause and a long one is cheap.
        pause = (start.elapsed() / 32).clamp(Duration::from_millis(20), Duration::from_secs(2));
    }
}

fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn retry_gives_up_after_its_limit_and_says_so() {
        let start = Instant::now();
        let mut calls = 0;
        let fault = retry(
            PROPAGATION,
            |fault| fault.is(&["NotYet"]),
            async || -> Result<()> {
                calls += 1;
                Err(Fault::new("iam:PutRolePolicy", "NotYet", "later"))
            },
        )
        .await
        .unwrap_err();
        assert!(start.elapsed() <= PROPAGATION);
        assert!(calls > 50, "{calls} calls");
        assert!(fault.hint.unwrap_or_default().contains("after 2 min"));
    }

    #[tokio::test]
    async fn other_refusals_are_not_retried() {
        let mut calls = 0;
        let result = retry(
            PROPAGATION,
            |fault| fault.is(&["NotYet"]),
            async || -> Result<()> {
                calls += 1;
                Err(Fault::new("iam:PutRolePolicy", "AccessDenied", "no"))
            },
        )
        .await;
        assert!(result.is_err());
        assert_eq!(calls, 1);
    }
}
