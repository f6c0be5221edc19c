//! The only retry policy: which refusals are temporary, how long a call is retried, and what the user is told
//! meanwhile.
//!
//! Every call of every kind uses it, including tags and deletions. The SDK itself sends a call once
//! ([`super::connect::Clients`]): its own retries are neither paced nor limited in time, and handle neither conflicts
//! nor eventual consistency.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, NO_ANSWER, Result, Tried, spoken};
use super::memory::Memory;
use super::passing;
use super::patience::Announce;

pub use super::passing::{LIMIT, is_unseen_role, may_pass};

/// How long a call is retried while no call of the run was answered yet: without a network, or at a wrong endpoint,
/// waiting is useless.
const FIRST: Duration = Duration::from_secs(10);
/// How long a call is retried before the user is told why it takes long.
const SILENCE: Duration = Duration::from_secs(5);

/// The shortest and the longest pause between two attempts. Each pause is 1.6 times the previous one, plus or minus a
/// quarter.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

/// Retries `call` while its refusal is temporary, for at most [`LIMIT`] or the limit of that refusal.
///
/// The last refusal is returned together with the number and duration of the attempts. `announce` gets the reason for
/// waiting.
pub(super) async fn patiently<T>(
    memory: &Memory,
    announce: Option<Announce>,
    mut call: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let mut attempts = Attempts {
        memory,
        announce,
        start: Instant::now(),
        pause: PAUSE,
        tries: 1,
    };
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(fault) => attempts.wait_after(fault).await?,
        }
    }
}

/// The attempts of one call. Knows nothing of the call, so that its code is compiled once for all of them.
struct Attempts<'a> {
    memory: &'a Memory,
    announce: Option<Announce>,
    start: Instant,
    /// Before the next attempt.
    pause: Duration,
    /// Including the one under way.
    tries: u32,
}

impl Attempts<'_> {
    /// Waits until the next attempt makes sense. An error, which is `fault`, if none does.
    async fn wait_after(&mut self, fault: Fault) -> Result<()> {
        let Self {
            memory,
            announce,
            start,
            pause,
            tries,
        } = self;
        // The SDK learns the clock's offset from the first answer, and signs with the corrected time from then on.
        if passing::is_wrong_clock(&fault) && *tries == 1 {
            *tries += 1;
            return Ok(());
        }
        let Some(limit) = limit(&fault, memory) else {
            return Err(fault);
        };
        let pause_now = jitter(*pause);
        let enough = memory.most().is_some_and(|most| *tries >= most);
        if enough || start.elapsed() + pause_now > limit {
            let elapsed = start.elapsed();
            let tried = (*tries > 1).then(|| {
                Box::new(Tried {
                    times: *tries,
                    elapsed,
                })
            });
            return Err(Fault { tried, ..fault });
        }
        let silent = start.elapsed() + pause_now <= SILENCE;
        if let Some(announce) = announce.filter(|_| !silent && memory.is_news(&fault.code)) {
            let (fault, limit) = (fault.bare(), spoken(limit));
            announce(&format!("waiting: {fault}; retrying for up to {limit}"));
        }
        sleep(pause_now).await;
        *pause = pause.mul_f64(1.6).min(LONGEST);
        *tries += 1;
        Ok(())
    }
}

/// How long a call that failed with `fault` is retried. `None` if time does not help.
fn limit(fault: &Fault, memory: &Memory) -> Option<Duration> {
    let nothing_yet = !memory.is_answered() && fault.code == NO_ANSWER;
    let limit = passing::limit(fault, memory)?;
    Some(if nothing_yet { limit.min(FIRST) } else { limit })
}

fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        static ANNOUNCED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    fn hear(text: &str) {
        ANNOUNCED.with_borrow_mut(|announced| announced.push(text.to_owned()));
    }

    async fn refused(memory: &Memory, fault: &Fault) -> (Fault, u32, Duration) {
        let (start, mut calls) = (Instant::now(), 0);
        let call = async || -> Result<()> {
            calls += 1;
            Err(fault.clone())
        };
        let last = patiently(memory, None, call).await.unwrap_err();
        (last, calls, start.elapsed())
    }

    fn reached() -> Memory {
        let memory = Memory::default();
        memory.answered("sts:GetCallerIdentity");
        memory
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_passes_is_tried_for_five_minutes_with_growing_pauses() {
        let busy = Fault::new("events:PutRule", "ConcurrentModificationException", "busy");
        let (fault, calls, elapsed) = refused(&reached(), &busy).await;
        assert!(elapsed <= LIMIT && elapsed > LIMIT - LONGEST * 2, "{elapsed:?}");
        assert!((35..60).contains(&calls), "{calls} calls");
        let text = fault.to_string();
        assert!(
            text.ends_with(&format!("busy (tried {calls} times in 5 min)")),
            "{text}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_refusal_comes_back_at_once_and_says_nothing_of_time() {
        let denied = Fault::new("sns:CreateTopic", "AuthorizationError", "no");
        let (fault, calls, elapsed) = refused(&reached(), &denied).await;
        assert_eq!((fault, calls, elapsed), (denied, 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_ever_answered_the_first_call_gives_up_soon() {
        let lost = Fault::new("sts:GetCallerIdentity", NO_ANSWER, "dns error");
        let (.., elapsed) = refused(&Memory::default(), &lost).await;
        assert!(elapsed <= FIRST, "{elapsed:?}");
        let (.., elapsed) = refused(&reached(), &lost).await;
        assert!(elapsed > FIRST * 2, "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_user_is_told_after_five_seconds_and_once_for_many_calls() {
        let memory = reached();
        let busy = Fault::new(
            "lambda:AddPermission",
            "TooManyRequestsException",
            "Rate exceeded",
        );
        let start = Instant::now();
        let call = async || match start.elapsed() > Duration::from_secs(12) {
            true => Ok(()),
            false => Err(busy.clone()),
        };
        let calls = (0..20).map(|_| patiently(&memory, Some(hear), call));
        for result in futures::future::join_all(calls).await {
            result.unwrap();
        }
        let announced = ANNOUNCED.take();
        assert_eq!(announced.len(), 1, "{announced:?}");
        assert!(announced[0].contains("TooManyRequestsException"), "{announced:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_clock_is_set_right_by_the_second_attempt_or_is_the_users() {
        let skewed = Fault::new("sts:GetCallerIdentity", "RequestTimeTooSkewed", "too large");
        let (.., calls, elapsed) = refused(&Memory::default(), &skewed).await;
        assert_eq!((calls, elapsed), (2, Duration::ZERO));
    }
}
