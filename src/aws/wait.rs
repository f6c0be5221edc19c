//! Bounded waits for a condition to come true. Refusals that pass are waited out by [`super::retry`].

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, Result};

/// How long Lambda may take to finish a change.
pub const LAMBDA: Duration = Duration::from_secs(5 * 60);

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
        pause = (start.elapsed() / 12).clamp(Duration::from_millis(20), Duration::from_secs(2));
    }
}
