//! Limits the rate of messages to what most services accept; what is too fast for one waits in the stack's queues.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Messages that may be sent at once: Slack allows short bursts.
pub const AT_ONCE: usize = 10;
/// Slack accepts one message per second and webhook. <https://docs.slack.dev/apis/web-api/rate-limits>
const EACH: Duration = Duration::from_secs(1);

/// Lets a few messages through at once, then one per second.
#[derive(Debug, Default)]
pub struct RateLimit {
    passed: usize,
    next: Option<Instant>,
}

impl RateLimit {
    /// Waits until the next message may be sent.
    pub async fn turn(&mut self) {
        self.passed += 1;
        if self.passed <= AT_ONCE {
            return;
        }
        let at = self.next.unwrap_or_else(Instant::now) + EACH;
        sleep_until(at).await;
        self.next = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_one_a_second() {
        let (mut rate_limit, start) = (RateLimit::default(), Instant::now());
        for _ in 0..AT_ONCE {
            rate_limit.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..5 {
            rate_limit.turn().await;
        }
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
