//! The part of the stack file that the relay needs, beside its executable.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::settings::{Channel, Settings, Source};
use alertctl_relay::{ChannelKey, Filter, Route, Severity};
use jiff::tz::TimeZone;

use super::Names;
use super::elsewhere::{channels_notified_twice, text_for_people, topics_notified};
use super::mail::mails;
use super::mutes::windows;
use crate::stack::{self, SecretSource, Stack};

/// Bytes of addresses that fit into the environment of a function, which holds 4,096, beside its other variables.
const ROOM: usize = 2_500;

/// The settings of every function of `stack`.
pub fn settings(stack: &Stack) -> Settings {
    let names = Names::of(stack);
    let topics = stack.topics.iter().filter(|(_, topic)| !topic.to.is_empty());
    let alarms = stack.alarms_expanded();
    let named = named(stack);
    let rules = stack
        .rules
        .iter()
        .map(|(key, rule)| (key, source(rule.severity, &rule.runbook, &rule.dashboard)));
    // For each topic, one rule reports alarms from other regions; that rule has the topic's key.
    let elsewhere = topics_notified(stack, None);
    let by_topic = elsewhere.iter().filter(|key| !mails(stack, key));
    let by_topic = by_topic.filter(|key| !stack.rules.contains_key(*key));
    let of_topic = |topic: &stack::Topic| source(topic.severity, &topic.runbook, &topic.dashboard);
    let by_topic = by_topic.filter_map(|key| Some((key, of_topic(stack.topics.get(key)?))));
    let rules = rules.chain(by_topic);
    let endpoints = stack.endpoints.iter();
    let trail = stack.trail.as_ref();
    Settings {
        stack: stack.stack.clone(),
        locale: stack.locale,
        // The check of the stack file has already validated the time zone.
        timezone: TimeZone::get(&stack.timezone).unwrap_or(TimeZone::UTC),
        accounts: stack.accounts.clone(),
        organization: stack
            .organization
            .as_ref()
            .is_some_and(stack::Organization::hears),
        account_names: stack
            .organization
            .as_ref()
            .is_some_and(stack::Organization::knows_names),
        portal: stack.portal.clone(),
        channels: stack
            .channels
            .iter()
            .map(|(key, channel)| (ChannelKey(key.clone()), self::channel(stack, key, channel)))
            .collect(),
        topics: topics
            .map(|(key, topic)| {
                let source = Source {
                    to: topic.to.iter().cloned().map(ChannelKey).collect(),
                    keys: named.get(key).cloned().into_iter().collect(),
                    mail: mails(stack, key),
                    ..of_topic(topic)
                };
                (names.topic(key, topic), source)
            })
            .collect(),
        rules: graded(rules),
        // Only alarms with settings of their own. Otherwise every new alarm would mean a new deployment of the
        // functions.
        alarms: alarms
            .iter()
            .filter_map(|(key, alarm)| {
                let mut keys = stack.alarm_keys(key);
                keys.retain(|key| named.contains(key));
                let source = Source {
                    keys,
                    severity: alarm.severity,
                    chart: alarm.chart,
                    lines: alarm
                        .logs
                        .as_ref()
                        .map(|logs| logs.lines)
                        .unwrap_or_default()
                        .unsigned_abs(),
                    ..Source::default()
                };
                (source != Source::default()).then(|| (names.alarm(key, alarm), source))
            })
            .collect(),
        endpoints: graded(endpoints.map(|(key, endpoint)| {
            let (runbook, dashboard) = (&endpoint.runbook, &endpoint.dashboard);
            (key, source(endpoint.severity, runbook, dashboard))
        })),
        trail: trail
            .map(|trail| source(None, &trail.runbook, &trail.dashboard))
            .unwrap_or_default(),
        mutes: windows(stack),
    }
}

/// Whether the encrypted addresses of channels are in the settings: if the environment has no room for them.
pub fn in_settings(stack: &Stack) -> bool {
    let sizes = stack.channels.values().map(stack::Channel::size_in_environment);
    sizes.sum::<usize>() > ROOM
}

/// The keys that appear in routes.
fn named(stack: &Stack) -> BTreeSet<String> {
    let filters = stack.channels.values().flat_map(|channel| {
        let routes = channel.routes.iter().map(|route| &route.filter);
        routes.chain(&channel.except)
    });
    filters.flat_map(|filter| filter.rules.iter().cloned()).collect()
}

/// Sources by key, for which the stack file sets something.
fn graded<'a>(sources: impl Iterator<Item = (&'a String, Source)>) -> BTreeMap<String, Source> {
    let graded = sources.filter(|(_, source)| *source != Source::default());
    graded.map(|(key, source)| (key.clone(), source)).collect()
}

fn source(severity: Option<Severity>, runbook: &Option<String>, dashboard: &Option<String>) -> Source {
    Source {
        severity,
        runbook: runbook.clone(),
        dashboard: dashboard.clone(),
        ..Source::default()
    }
}

fn channel(stack: &Stack, key: &str, channel: &stack::Channel) -> Channel {
    let stack::Channel {
        label: _,
        channel_type,
        address,
        routes,
        except,
        mention,
        remind,
        actions,
        buffer,
    } = channel;
    let text = channels_notified_twice(stack).contains(key).then(|| Filter {
        pattern: text_for_people(stack).as_object().cloned(),
        ..Filter::default()
    });
    Channel {
        label: Some(channel.title(key)).filter(|title| title != key),
        channel_type: channel_type.clone(),
        encrypted: match address {
            SecretSource::Encrypted { ciphertext, .. } if in_settings(stack) => Some(ciphertext.clone()),
            _ => None,
        },
        routes: routes
            .iter()
            .map(|route| Route {
                filter: filter(stack, &route.filter),
                mention: route.mention.clone(),
            })
            .collect(),
        except: except.iter().map(|one| filter(stack, one)).chain(text).collect(),
        mention: mention.clone(),
        remind_minutes: remind.map(|every| every.minutes().unsigned_abs()),
        actions: actions.clone(),
        buffer: *buffer,
    }
}

/// The filter with ids instead of the names of accounts.
fn filter(stack: &Stack, filter: &Filter) -> Filter {
    let id = |account: &String| {
        let named = stack.accounts.iter().find(|(_, alias)| *alias == account);
        named.map_or(account, |(id, _)| id).clone()
    };
    Filter {
        accounts: filter.accounts.iter().map(id).collect(),
        ..filter.clone()
    }
}
