//! What the relay is told of the stack file, beside its executable.

use alertctl_relay::settings::{Channel, Settings, Source};
use alertctl_relay::{ChannelKey, Locale as Language};
use jiff::tz::TimeZone;

use super::Names;
use crate::stack::{Locale, Stack};

/// The settings of every function of `stack`.
pub fn settings(stack: &Stack) -> Settings {
    let names = Names::of(stack);
    let topics = stack.topics.iter().filter(|(_, topic)| !topic.to.is_empty());
    Settings {
        stack: stack.stack.clone(),
        locale: match stack.locale {
            Locale::En => Language::En,
            Locale::Ko => Language::Ko,
        },
        // Its name was checked with the rest of the file.
        timezone: TimeZone::get(&stack.timezone).unwrap_or(TimeZone::UTC),
        channels: stack
            .channels
            .iter()
            .map(|(key, channel)| {
                let label = channel.label.clone().unwrap_or_else(|| format!("#{key}"));
                (ChannelKey(key.clone()), Channel { label: Some(label) })
            })
            .collect(),
        topics: topics
            .map(|(key, topic)| {
                let to = topic.to.iter().cloned().map(ChannelKey).collect();
                (names.topic(key, topic), Source { to, severity: None })
            })
            .collect(),
        ..Settings::default()
    }
}
