//! Bounded waits for a condition. Temporary refusals are handled by [`super::retry`].

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, Result};

/// How long Lambda may take to finish a change.
pub const LAMBDA: Duration = Duration::from_secs(5 * 60);

/// How often, and at what interval, alertctl looks for what an unanswered call may have created. In total 15 s, which
/// is longer than AWS takes to list it.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(3);

/// The pause between two checks of [`steadily`].
const STEP: Duration = Duration::from_secs(1);

/// Looks for what an unanswered call may have created, until it shows or the time is over.
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

/// Polls `check` until it returns a value, for at most `limit`. `what` completes "still waiting for …".
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
        // The pause grows with the time waited: a short wait ends soon after its cause, and a long wait makes few
        // calls.
        pause = (start.elapsed() / 12).clamp(Duration::from_millis(20), Duration::from_secs(2));
    }
}

/// Waits until `check` holds `times` in a row, a second apart. A service has many servers, and one may already know
/// what another does not know yet.
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
