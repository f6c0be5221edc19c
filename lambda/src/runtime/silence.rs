//! Which messages are not delivered: those about an alarm that an alarm mute rule of CloudWatch mutes, those that come by a
//! rule or a topic with an open mute window, and the first data of a new alarm, which CloudWatch reports as a return to OK.
//! None of them is kept for later: CloudWatch itself runs an alarm's actions after its window.

use super::dispatcher::Dispatcher;
use crate::contract::ChannelKey;
use crate::event::{Content, Muted, Phase};
use crate::item::Item;
use jiff::Timestamp;

impl Dispatcher {
    /// Why nobody is told of `item`, which arrives at `now`. What was decided before stays: a message that waited in a queue
    /// was accepted, and who sends a dead letter again wants it to be told.
    pub fn muted(&self, item: &Item, now: Timestamp) -> Option<String> {
        if item.envelope.verdict.is_some() || item.envelope.dead_letter.is_some() {
            return None;
        }
        if let Content::Alarm(alarm) = &item.notice.content
            && let Some(Muted::By(rules)) = &alarm.muted
        {
            return Some(format!("the alarm is muted by `{}`", rules.join("`, `")));
        }
        if let Content::Alarm(alarm) = &item.notice.content
            && alarm.begins
            && item.notice.test.is_none()
        {
            return Some("the alarm is new, and has its first data".to_owned());
        }
        // What happened before the window and comes late, since it had to be tried again, must still be told.
        let then = item.notice.time().filter(|then| *then < now).unwrap_or(now);
        self.settings.muted(&item.notice, then)?;
        let mute = self.settings.muted(&item.notice, now)?;
        Some(format!("muted by `{mute}`"))
    }

    /// Why `channel` does not get `item`. A service that keeps incidents still gets their ends: otherwise an incident that began
    /// before the window would stay open there for ever.
    pub fn silenced<'i>(&self, item: &'i Item, channel: &ChannelKey) -> Option<&'i str> {
        let reason = item.muted.as_deref()?;
        let incident = item.notice.incident();
        let known = self.settings.channels.get(channel);
        let is_end = incident.is_some_and(|incident| incident.phase == Phase::Resolved);
        let is_told = is_end && known.is_some_and(|known| known.channel_type.keeps_incidents());
        (!is_told).then_some(reason)
    }
}
