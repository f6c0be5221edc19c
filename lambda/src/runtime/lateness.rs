//! Late messages say how late they are. A change of an alarm that a later change has overtaken mentions nobody.

use super::defect::caught;
use super::refusal::Refusal;
use crate::contract::{ChannelKey, Verdict};
use crate::event::{Content, Notice};
use crate::item::Item;
use crate::{Card, Settings};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A message that waited for longer says how late it is.
const LATE: Duration = Duration::from_secs(10 * 60);
/// Maximum number of alarms and channels whose last change is remembered: a few more than a stack has.
const MOST: usize = 10_000;

/// The last change of each alarm that was delivered to each channel, as far as the process knows.
#[derive(Default)]
pub(super) struct Lateness(Mutex<BTreeMap<(ChannelKey, String), Timestamp>>);

impl Lateness {
    /// Remembers that `channel` has `notice`.
    pub fn note_delivered(&self, channel: &ChannelKey, notice: &Notice) {
        let Some((alarm, changed)) = change(notice) else {
            return;
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= MOST {
            last.clear();
        }
        let last = last.entry((channel.clone(), alarm)).or_insert(changed);
        *last = changed.max(*last);
    }

    /// Whether `channel` already has a later change of the same alarm.
    pub fn is_overtaken(&self, channel: &ChannelKey, notice: &Notice) -> bool {
        let Some((alarm, changed)) = change(notice) else {
            return false;
        };
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&(channel.clone(), alarm))
            .is_some_and(|last| *last > changed)
    }

    /// The card of `item` for `channel`, after it has waited for `age`.
    pub fn card(
        &self,
        item: &Item,
        channel: &ChannelKey,
        verdict: &Verdict,
        age: Duration,
        settings: &Settings,
    ) -> Result<Card, Refusal> {
        caught(|| {
            let mut card = item.card(verdict, settings);
            let overtaken = self.is_overtaken(channel, &item.notice);
            if overtaken || age >= LATE || item.envelope.dead_letter.is_some() {
                card.late(late(&item.notice, age));
            }
            card.overtaken = overtaken;
            card.quiet = verdict.quiet;
            card
        })
    }
}

/// The alarm that a notice is about, and when it changed.
fn change(notice: &Notice) -> Option<(String, Timestamp)> {
    let Content::Alarm(alarm) = &notice.content else {
        return None;
    };
    let place = [notice.account(), notice.region()].map(Option::unwrap_or_default);
    Some((format!("{} {}", place.join(" "), alarm.name), alarm.changed?))
}

/// How late a notice is that has waited for `age`.
fn late(notice: &Notice, age: Duration) -> Duration {
    let since = notice.time().map(|time| Timestamp::now().duration_since(time));
    let since = since.and_then(|since| Duration::try_from(since).ok());
    since.unwrap_or(age)
}
