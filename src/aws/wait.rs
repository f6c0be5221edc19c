//! Bounded waits for a condition to come true. Refusals that pass are waited out by [`super::retry`].

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, Result};

/// How long Lambda may take to finish a change.
pub const LAMBDA: Duration = Duration::from_secs(5 * 60);

/// How often, and how far apart, what an unanswered call may have made is looked for: 15 s, longer than AWS takes
/// to list it.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(3);

/// Between two looks of [`steadily`].
const STEP: Duration = Duration::from_secs(1);

/// Looks for what a call may have made unseen until it shows, or has had time to.
pub async fn for_unseen<T>(find: impl AsyncFn() -> Result<Option<T>>) -> Result<Option<T>> {
    for look in 1..=LOOKS {
        if let Some(found) = find().await? {
            return Ok(Some(found));
        }
        if look < LOOKS {
            sleep(PAUSE).await;
        }
    }
    Ok(None)
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
            return Err(over(limit, action, what));
        }
        sleep(pause).await;
        // Grows with the time waited, so that a short wait ends soon after its cause and a long one is cheap.
        pause = (start.elapsed() / 12).clamp(Duration::from_millis(20), Duration::from_secs(2));
    }
}

/// Waits until `check` holds `times` in a row, a second apart: of a service's many servers one may know already what
/// the next one does not.
pub async fn steadily(
    limit: Duration,
    times: u32,
    action: &'static str,
    what: &str,
    mut check: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let (start, mut row) = (Instant::now(), 0);
    loop {
        row = if check().await? { row + 1 } else { 0 };
        if row >= times {
            return Ok(());
        }
        if start.elapsed() + STEP > limit {
            return Err(over(limit, action, what));
        }
        sleep(STEP).await;
    }
}

fn over(limit: Duration, action: &'static str, what: &str) -> Fault {
    let text = format!("still waiting for {what} after {} s", limit.as_secs());
    Fault::new(action, "Timeout", text).hint("run the same command again to keep waiting")
}
