//! The time an invocation has.

use lambda_runtime::Context;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Lambda's own limit.
const LONGEST: Duration = Duration::from_secs(900);
/// Left at the end, so that a failure is still reported.
const RESERVE: Duration = Duration::from_millis(500);
/// Left for parking what could not be delivered.
const PARKING: Duration = Duration::from_millis(2_500);

/// When what has to end.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub started: Instant,
    /// The end of delivering.
    pub deliver: Instant,
    /// The end of parking what was not delivered.
    pub park: Instant,
}

impl Budget {
    /// What Lambda leaves, less the time for parking and reporting: at most half of it.
    pub fn of(context: &Context) -> Self {
        let started = Instant::now();
        let time = remaining(context);
        Self {
            started,
            deliver: started + time - PARKING.min(time / 2),
            park: started + time,
        }
    }
}

/// The time in which the invocation has to end.
pub(super) fn remaining(context: &Context) -> Duration {
    let time = context
        .deadline()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    time.saturating_sub(RESERVE).min(LONGEST)
}
