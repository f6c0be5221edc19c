//! The only retry policy: which refusals are temporary, how long a call is retried, and what the user is told
//! meanwhile.
//!
//! Every call of every kind uses it, including tags and deletions. The SDK itself sends a call once
//! ([`super::connect::Clients`]): its own retries are neither paced nor limited in time, and handle neither conflicts
//! nor eventual consistency.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Fault, NO_ANSWER, Result, Tried, spoken};
use super::passing;
use super::patience::Announce;

pub use super::passing::{is_unseen_role, may_pass};

/// How long one call is retried.
pub const LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long a call is retried while no call of the run was answered yet: without a network, or at a wrong endpoint,
/// waiting is useless.
const FIRST: Duration = Duration::from_secs(10);
/// How long a call is retried before the user is told why it takes long.
const SILENCE: Duration = Duration::from_secs(5);
/// The pause between two such messages about the same error code.
const REPEAT: Duration = Duration::from_secs(30);

/// The shortest and the longest pause between two attempts. Each pause is 1.6 times the previous one, plus or minus a
/// quarter.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);

/// What a run has learned that decides which refusals are temporary. All regions of a stack share it.
#[derive(Default)]
pub struct Memory {
    /// A call was answered, so AWS can be reached.
    answered: Cell<bool>,
    /// The maximum number of attempts for a call, if the user set one.
    most: Cell<Option<u32>>,
    /// IAM said beforehand that the caller has all permissions of the run.
    permitted: Cell<bool>,
    /// The services in which this run changed something.
    changed: RefCell<HashSet<String>>,
    /// When the user was last told about an error code.
    announced: RefCell<HashMap<String, Instant>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    /// Limits the attempts of each call to this number. At least one attempt is made.
    pub fn try_at_most(&self, times: u32) {
        self.most.set(Some(times));
    }

    /// IAM says that the whole run is allowed, so a denial is only temporary.
    pub fn permitted(&self) {
        self.permitted.set(true);
    }

    pub(super) fn is_permitted(&self) -> bool {
        self.permitted.get()
    }

    /// True when this run changed something of `service`, such as `kms`.
    pub(super) fn has_changed(&self, service: &str) -> bool {
        self.changed.borrow().contains(service)
    }

    /// Records that something of `service` was just changed, by this run or by a previous one.
    pub fn changed(&self, service: &str) {
        let mut changed = self.changed.borrow_mut();
        if !changed.contains(service) {
            changed.insert(service.to_owned());
        }
    }

    /// Records that a call was carried out.
    pub(super) fn answered(&self, action: &str) {
        self.answered.set(true);
        if let (true, Some((service, _))) = (passing::changes(action), action.split_once(':')) {
            self.changed(service);
        }
    }

    /// How long a call that failed with `fault` is retried. `None` if time does not help.
    fn limit(&self, fault: &Fault) -> Option<Duration> {
        let nothing_yet = !self.answered.get() && fault.code == NO_ANSWER;
        let limit = passing::limit(fault, self)?;
        Some(if nothing_yet { limit.min(FIRST) } else { limit })
    }

    /// Whether to tell the user about the code now. Many calls wait for the same reason, and one message is enough.
    fn is_news(&self, code: &str) -> bool {
        let mut announced = self.announced.borrow_mut();
        if announced.get(code).is_some_and(|last| last.elapsed() < REPEAT) {
            return false;
        }
        announced.insert(code.to_owned(), Instant::now());
        true
    }
}

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
        let Some(limit) = memory.limit(&fault) else {
            return Err(fault);
        };
        let pause_now = jitter(*pause);
        let enough = memory.most.get().is_some_and(|most| *tries >= most);
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

fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
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
