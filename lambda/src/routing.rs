//! Which messages a channel accepts, and who is mentioned.

use crate::ChannelKey;
use crate::event::{Content, Notice, Severity, State};
use crate::pattern::{self, wildcard};
use crate::settings::{Filter, Mention, Route, Settings, Source};
use serde_json::Value;
use std::borrow::Cow;

/// What routes match against.
#[derive(Clone, Debug, PartialEq)]
pub struct Traits<'a> {
    /// The severity: what the stack file sets for the source, or the notice's own. A recovered alarm has the
    /// severity of the state it leaves, so its recovery reaches every channel that received the alarm.
    pub severity: Severity,
    /// Twelve digits.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Keys of the rules, alarms, endpoints and topics it comes from.
    pub sources: Vec<String>,
    /// Whether nobody is mentioned, whatever the severity: true for a recovered alarm and for a test.
    pub calm: bool,
    /// A test bypasses all routes.
    pub test: bool,
    /// The event, alarm or alert as JSON.
    pub event: Cow<'a, Value>,
}

/// A message that a channel accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The mentions: `@here`, `@channel`, `@everyone`, or ids of users and user groups.
    pub mention: Vec<String>,
}

impl<'a> Traits<'a> {
    /// The traits of a notice; `event` is the JSON it was read from.
    pub(crate) fn of(notice: &Notice, event: Cow<'a, Value>, settings: &Settings) -> Self {
        let topic = notice.source.topic();
        let alarm = match &notice.content {
            Content::Alarm(alarm) => Some(alarm),
            _ => None,
        };
        // From the most specific to the most general source.
        let ways = [
            (alarm.map(|alarm| alarm.name.as_str()), &settings.alarms, false),
            (notice.source.rule.as_deref(), &settings.rules, true),
            (notice.source.endpoint.as_deref(), &settings.endpoints, true),
            (topic, &settings.topics, false),
        ];
        let (mut sources, mut said) = (Vec::new(), None);
        for (name, known, is_key) in ways {
            let Some(name) = name else { continue };
            let source: Option<&Source> = known.get(name);
            sources.extend(is_key.then(|| name.to_owned()));
            sources.extend(source.iter().flat_map(|source| source.keys.iter().cloned()));
            said = said.or(source.and_then(|source| source.severity));
        }
        let (severity, over) = match alarm {
            Some(alarm) if alarm.new == State::Ok => (of_state(&alarm.old, said), true),
            Some(alarm) => (of_state(&alarm.new, said), false),
            None => (said.unwrap_or_else(|| notice.severity()), false),
        };
        let test = notice.test.is_some();
        Self {
            severity,
            account: notice.account().map(str::to_owned),
            region: notice.region().map(str::to_owned),
            sources,
            calm: over || test,
            test,
            event,
        }
    }
}

/// The severity of an alarm in a state; `said` is its severity in the state ALARM.
fn of_state(state: &State, said: Option<Severity>) -> Severity {
    let alarm = said.unwrap_or(Severity::Error);
    match state {
        State::Alarm => alarm,
        State::InsufficientData => alarm.min(Severity::Warning),
        State::Ok | State::Other(_) => Severity::Info,
    }
}

impl Settings {
    /// Whether the channel accepts a message, and who is mentioned then. A channel without routes, or one that
    /// the settings do not know, accepts everything.
    pub fn accepts(&self, channel: &ChannelKey, traits: &Traits<'_>) -> Option<Accepted> {
        let Some(channel) = self.channels.get(channel).filter(|_| !traits.test) else {
            return Some(Accepted::default());
        };
        if channel.except.iter().any(|filter| filter.fits(traits)) {
            return None;
        }
        let ways: Vec<&Route> = channel
            .routes
            .iter()
            .filter(|route| route.fits.fits(traits))
            .collect();
        if ways.is_empty() && !channel.routes.is_empty() {
            return None;
        }
        Some(Accepted {
            mention: match traits.calm {
                true => Vec::new(),
                false => called(&ways, channel.mention.as_ref(), traits.severity),
            },
        })
    }
}

/// The mentions of the routes that matched or, if none of them sets any, those of the channel.
fn called(ways: &[&Route], channel: Option<&Mention>, severity: Severity) -> Vec<String> {
    let own: Vec<_> = ways.iter().filter_map(|route| route.mention.as_ref()).collect();
    let mut called = Vec::new();
    let everybody: Vec<&String> = if own.is_empty() {
        let mention = channel.filter(|mention| severity >= mention.from);
        mention.iter().flat_map(|mention| &mention.who).collect()
    } else {
        own.into_iter().flatten().collect()
    };
    for who in everybody {
        if !called.contains(who) {
            called.push(who.clone());
        }
    }
    called
}

impl Filter {
    fn fits(&self, traits: &Traits<'_>) -> bool {
        let among = |list: &[String], value: &Option<String>, same: fn(&str, &str) -> bool| {
            let value = value.as_deref();
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| same(one, value)))
        };
        self.severity.is_none_or(|severity| traits.severity >= severity)
            && among(&self.accounts, &traits.account, |one, account| one == account)
            && among(&self.regions, &traits.region, wildcard)
            && (self.rules.is_empty() || self.rules.iter().any(|key| traits.sources.contains(key)))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern::matches(pattern, &traits.event))
    }
}
