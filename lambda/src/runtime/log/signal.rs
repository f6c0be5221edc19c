//! The lines about signals: heartbeats, reminders, buttons.

use super::{Definition, Metadata, entry, entry_with};
use crate::contract::{ChannelKey, HEARTBEAT_METRIC, LogEntry, PATH_DIMENSION, Press, STACK_DIMENSION};
use jiff::Timestamp;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;

const HEARTBEAT: [Definition; 1] = [Definition {
    name: HEARTBEAT_METRIC,
    unit: "Count",
}];

/// What came of a heartbeat.
pub(in crate::runtime) struct Beat<'a> {
    pub stack: &'a str,
    pub path: &'a str,
    pub is_well: bool,
    /// `ok` or what is wrong, by channel.
    pub channels: &'a BTreeMap<&'a ChannelKey, String>,
}

impl Beat<'_> {
    /// Writes a line with the metric `Heartbeat` of the stack and the way.
    pub fn write(&self) {
        let channels = self.channels.iter();
        let entry = LogEntry {
            stack: Some(self.stack.into()),
            path: Some(self.path.into()),
            outcome: if self.is_well { "heartbeat" } else { "silence" }.into(),
            channels: channels
                .map(|(channel, said)| (channel.0.as_str().into(), said.into()))
                .collect(),
            ..LogEntry::default()
        };
        entry_with(
            entry,
            json!({
                "_aws": Metadata::of(Timestamp::now(), &[STACK_DIMENSION, PATH_DIMENSION], &HEARTBEAT),
                HEARTBEAT_METRIC: u8::from(self.is_well),
            }),
        );
    }
}

/// Logs of how many incidents a channel was reminded, and of how many it could not be.
pub(in crate::runtime) fn reminded(
    stack: &str,
    channel: &ChannelKey,
    told: usize,
    failed: usize,
    reason: Option<&str>,
) {
    let entry = LogEntry {
        stack: Some(stack.into()),
        channel: Some(channel.0.as_str().into()),
        outcome: "reminded".into(),
        reason: reason.map(Cow::from),
        ..LogEntry::default()
    };
    entry_with(entry, json!({ "incidents": told, "failed": failed }));
}

/// Logs that a channel is to have buttons, and has no secret that would show who pressed one.
pub(in crate::runtime) fn without_buttons(channel: &ChannelKey) {
    entry(LogEntry {
        channel: Some(channel.0.as_str().into()),
        outcome: "without buttons".into(),
        reason: Some(
            "its address has no signing secret after the bot token: encrypt both anew, and apply".into(),
        ),
        ..LogEntry::default()
    });
}

/// Logs who pressed which button, and what came of it.
pub(in crate::runtime) fn pressed(stack: &str, press: &Press, outcome: &str, reason: Option<&str>) {
    let entry = LogEntry {
        stack: Some(stack.into()),
        channel: Some(press.channel.0.as_str().into()),
        outcome: outcome.into(),
        reason: reason.map(Cow::from),
        ..LogEntry::default()
    };
    let pressed = json!({ "button": press.act, "user": press.user, "incident": press.incident });
    entry_with(entry, pressed);
}
