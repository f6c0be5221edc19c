//! What nobody is told of: what is about an alarm that an alarm mute rule of CloudWatch mutes, and what comes by a rule or a
//! topic with an open mute window. Nothing of it is kept: CloudWatch itself runs an alarm's actions after its window.

use super::dispatcher::Dispatcher;
use super::log::Report;
use super::publish::Publication;
use crate::contract::{ChannelKey, Outcome};
use crate::event::{Content, Muted};
use crate::item::Item;
use jiff::Timestamp;

impl Dispatcher {
    /// Why nobody is told of `item`, which arrives at `now`. What was decided before stays: a message that waited in a queue
    /// was accepted, and who sends a dead letter again wants it to be told.
    pub fn muted(&self, item: &Item, now: Timestamp) -> Option<String> {
        if item.envelope.verdict.is_some() || item.envelope.parked.is_some() {
            return None;
        }
        if let Content::Alarm(alarm) = &item.notice.content
            && let Some(Muted::By(rules)) = &alarm.muted
        {
            return Some(format!("the alarm is muted by `{}`", rules.join("`, `")));
        }
        // What happened before the window and comes late, since it had to be tried again, must still be told.
        let then = item.notice.time().filter(|then| *then < now).unwrap_or(now);
        self.settings.muted(&item.notice, then)?;
        let mute = self.settings.muted(&item.notice, now)?;
        Some(format!("muted by `{mute}`"))
    }

    /// Whether what begins in the channel goes on there until its end comes.
    pub fn keeps_incidents(&self, channel: &ChannelKey) -> bool {
        let known = self.settings.channels.get(channel);
        known.is_some_and(|known| known.channel_type.keeps_incidents())
    }

    /// Logs for each destination of `item` that it is muted.
    pub fn silence(&self, item: &Item, reason: &str, request_id: &str) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let channels = item.channels(&self.settings).unwrap_or_default();
        for channel in channels.iter() {
            let report = Report {
                reason: Some(reason),
                ..Report::default()
            };
            self.log(item, channel, request_id, Outcome::Muted, report);
            outcomes.push(Outcome::Muted);
        }
        if let Some(arn) = item.mail(&self.settings) {
            let publication = Publication {
                dispatcher: self,
                item,
                arn,
                request_id,
            };
            publication.log_because(Outcome::Muted, Some(reason));
            outcomes.push(Outcome::Muted);
        }
        outcomes
    }
}
