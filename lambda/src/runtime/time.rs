//! The time budget of an invocation.

use super::api::Context;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Lambda's longest timeout.
const LONGEST: Duration = Duration::from_secs(900);
/// Reserved at the end, so that a failure is still reported.
const RESERVE: Duration = Duration::from_millis(500);
/// Reserved for putting undelivered messages into the dead-letter queue.
const DEAD_LETTER_TIME: Duration = Duration::from_millis(2_500);

/// The deadlines of an invocation.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub started: Instant,
    /// Deadline for delivery.
    pub deliver: Instant,
    /// Deadline for putting undelivered messages into the dead-letter queue.
    pub dead_letter: Instant,
}

impl Budget {
    /// The budget from Lambda's remaining time. The time for dead letters and reports is subtracted, but at
    /// most half of it.
    pub fn of(context: &Context) -> Self {
        let started = Instant::now();
        let time = remaining(context);
        Self {
            started,
            deliver: started + time - DEAD_LETTER_TIME.min(time / 2),
            dead_letter: started + time,
        }
    }

    /// Deadline for what delivery waits for, from now on at most `wait`, so that delivery has the time that it `needs`.
    pub fn before_delivery(&self, wait: Duration, needs: Duration) -> Instant {
        let now = Instant::now();
        (now + wait).min(self.deliver - needs.min(self.deliver - now))
    }
}

/// The time until the invocation must end.
pub(super) fn remaining(context: &Context) -> Duration {
    let time = context
        .deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    time.saturating_sub(RESERVE).min(LONGEST)
}
