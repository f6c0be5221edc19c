//! The lines about signals: heartbeats, reminders, buttons.

use super::{Definition, Metadata, say};
use crate::contract::{ChannelKey, HEARTBEAT_METRIC, PATH_DIMENSION, Press, STACK_DIMENSION};
use jiff::Timestamp;
use serde_json::json;
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
        say(&json!({
            "_aws": Metadata::of(Timestamp::now(), &[STACK_DIMENSION, PATH_DIMENSION], &HEARTBEAT),
            STACK_DIMENSION: self.stack,
            PATH_DIMENSION: self.path,
            "outcome": if self.is_well { "heartbeat" } else { "silence" },
            "channels": self.channels,
            HEARTBEAT_METRIC: u8::from(self.is_well),
        }));
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
    say(&json!({
        STACK_DIMENSION: stack, "Channel": channel, "outcome": "reminded", "incidents": told, "failed": failed,
        "reason": reason,
    }));
}

/// Logs that a channel is to have buttons, and has no secret that would show who pressed one.
pub(in crate::runtime) fn without_buttons(channel: &ChannelKey) {
    say(&json!({
        "Channel": channel, "outcome": "without buttons",
        "reason": "its address has no signing secret after the bot token: encrypt both anew, and apply",
    }));
}

/// Logs who pressed which button, and what came of it.
pub(in crate::runtime) fn pressed(stack: &str, press: &Press, outcome: &str, reason: Option<&str>) {
    say(&json!({
        STACK_DIMENSION: stack, "Channel": press.channel, "outcome": outcome, "button": press.act, "user": press.user,
        "incident": press.incident, "reason": reason,
    }));
}
