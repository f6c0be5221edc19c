//! When a destination may be tried again after it refused something: shared by all messages of a process.

use super::refusal::Refusal;
use crate::contract::ChannelKey;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The pause after the first failure, unless Slack asks for a longer one; it doubles with each further failure.
const FIRST: Duration = Duration::from_secs(15);
/// The longest pause, unless Slack asks for a longer one.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often a pause is as short as Slack asks for.
const PATIENT: u32 = 50;
/// The longest pause that Slack may ask for: more than SQS's twelve hours cannot be waited.
const LONGEST_ASKED: Duration = Duration::from_secs(6 * 60 * 60);

/// The pause of each channel, as far as the process knows.
#[derive(Default)]
pub(super) struct Pauses(Mutex<BTreeMap<ChannelKey, Pause>>);

#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    /// Failures since the last success.
    failures: u32,
}

impl Pauses {
    /// How long `channel` is to be left alone; zero if it may be tried now.
    pub fn left(&self, channel: &ChannelKey) -> Duration {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = pauses.get(channel).map(|pause| pause.until);
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    /// Notes that `channel` took a message.
    pub fn taken(&self, channel: &ChannelKey) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = Pause {
            until: Instant::now(),
            failures: 0,
        };
        pauses.insert(channel.clone(), pause);
    }

    /// Notes that `channel` refused a message that was tried `tries` times before, which counts only as long as the process
    /// itself knows nothing of the channel; returns how long to wait.
    pub fn refused(&self, channel: &ChannelKey, refusal: &Refusal, tries: u32) -> Duration {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = pauses.get(channel).map_or(tries, |pause| pause.failures);
        let pause = growing(failures, refusal);
        let until = Instant::now() + pause;
        pauses.insert(
            channel.clone(),
            Pause {
                until,
                failures: failures + 1,
            },
        );
        pause
    }
}

/// How long to wait after a refusal that `tries` others preceded: what the destination asks for, or a growing time of
/// which up to a tenth is random, so that not all functions come back at the same moment.
pub(super) fn growing(tries: u32, refusal: &Refusal) -> Duration {
    let own = LONGEST.min(FIRST * 2u32.pow(tries.min(10)));
    match refusal.pause {
        // A destination that asks for short pauses for hours gets longer ones, because SQS delivers a message at most a
        // thousand times.
        Some(asked) if tries < PATIENT => asked.clamp(Duration::from_secs(1), LONGEST_ASKED),
        Some(asked) => asked.clamp(own, LONGEST_ASKED),
        None => own.mul_f64(1.0 - 0.1 * fastrand::f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_until_something_is_taken() {
        let (pauses, channel) = (Pauses::default(), ChannelKey("project".into()));
        let refusal = Refusal::transient("no".into());
        assert_eq!(pauses.left(&channel), Duration::ZERO);
        let mut times = (0..9).map(|_| pauses.refused(&channel, &refusal, 0).as_secs_f64());
        for expected in [15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0] {
            let time = times.next().expect("a pause");
            assert!((expected * 0.9..=expected).contains(&time), "{time} {expected}");
        }
        assert!(pauses.left(&channel) > Duration::from_secs(500));
        assert!(pauses.left(&ChannelKey("other".into())).is_zero());
        pauses.taken(&channel);
        assert!(pauses.left(&channel).is_zero());
        assert!(pauses.refused(&channel, &refusal, 0) <= FIRST);
        // A process that has just started knows from the queue how often a message was tried.
        assert!(pauses.refused(&channel, &refusal, 9) <= FIRST * 2);
        let other = ChannelKey("other".into());
        assert!(pauses.refused(&other, &refusal, 3) > Duration::from_secs(100));
    }

    #[test]
    fn slack_says_exactly_how_long() {
        let asked = |seconds| Refusal {
            pause: Some(Duration::from_secs(seconds)),
            ..Refusal::transient("429".into())
        };
        for tries in [0, 5] {
            assert_eq!(growing(tries, &asked(30)), Duration::from_secs(30));
        }
        assert_eq!(growing(0, &asked(0)), Duration::from_secs(1));
        assert!(growing(PATIENT, &asked(30)) > Duration::from_secs(800));
        assert_eq!(growing(0, &asked(1_000_000)), LONGEST_ASKED);
    }
}
