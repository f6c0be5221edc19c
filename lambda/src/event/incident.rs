//! What begins and ends: a service that knows incidents shows it as one.

use super::{Alarm, Content, Detail, News, Notice, Page, State};
use crate::contract::{is_account, is_region};
use crate::hash::hex_digest;
use jiff::Timestamp;

/// One step in the life of something that begins and ends: an alarm, or an event of AWS Health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The same for all its steps: 64 hexadecimal digits.
    pub key: String,
    pub phase: Phase,
    /// When this step happened.
    pub at: Option<Timestamp>,
    /// Whether it began with this step: all was well before.
    pub begins: bool,
    /// The alarm, if it is one whose place is known; of a part of an alarm, none.
    pub alarm: Option<AlarmPlace>,
}

/// Where an alarm is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmPlace {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// The alarm's name.
    pub name: String,
}

/// Where in its life an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It begins, or goes on.
    Firing,
    Resolved,
}

impl AlarmPlace {
    /// Whether the alarm is in this account: another one may have an alarm, or a metric, of the same name.
    pub fn is_in(&self, account: Option<&str>) -> bool {
        account == Some(&self.account)
    }
}

impl Notice {
    /// Where its alarm is, if it is one whose place is known. The region is one that a host's name can have.
    pub fn alarm_place(&self) -> Option<AlarmPlace> {
        let Content::Alarm(alarm) = &self.content else {
            return None;
        };
        Some(AlarmPlace {
            account: self.account().filter(|account| is_account(account))?.to_owned(),
            region: self.region().filter(|region| is_region(region))?.to_owned(),
            name: alarm.name.clone(),
        })
    }

    /// The incident that the notice is about. A test is about none, so that it neither pages anybody nor ends a real one.
    pub fn incident(&self) -> Option<Incident> {
        if self.test.is_some() {
            return None;
        }
        let place = || [self.account(), self.region()].map(Option::unwrap_or_default);
        match &self.content {
            Content::Alarm(alarm) => Some(Incident {
                alarm: self.alarm_place().filter(|_| alarm.contributor.is_empty()),
                ..of_alarm(alarm, place())?
            }),
            Content::Event(event) => match &event.detail {
                Detail::Report(report) => match (&report.news, &report.page) {
                    (News::Health { closed, .. }, Some(Page::Health(arn))) => Some(Incident {
                        key: hex_digest(["health", arn]),
                        phase: if *closed { Phase::Resolved } else { Phase::Firing },
                        at: self.time(),
                        begins: false,
                        alarm: None,
                    }),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// An alarm without data goes on if it was in alarm.
fn of_alarm(alarm: &Alarm, [account, region]: [&str; 2]) -> Option<Incident> {
    let phase = match (&alarm.old, &alarm.new) {
        (_, State::Alarm) | (State::Alarm, State::InsufficientData) => Phase::Firing,
        (_, State::Ok) => Phase::Resolved,
        _ => return None,
    };
    let contributor = alarm
        .contributor
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value]);
    let parts = ["alarm", account, region, &alarm.name]
        .into_iter()
        .chain(contributor);
    Some(Incident {
        key: hex_digest(parts),
        phase,
        at: alarm.changed,
        begins: alarm.new == State::Alarm && alarm.old == State::Ok,
        alarm: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    fn alarm(name: &str, old: &str, new: &str) -> Option<Incident> {
        let alarm = json!({ "AlarmName": name, "OldStateValue": old, "NewStateValue": new,
            "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}") });
        read(&alarm)[0].incident()
    }

    #[test]
    fn all_steps_of_an_alarm_are_one_incident() {
        let fired = alarm("cpu", "OK", "ALARM").expect("an incident");
        let over = alarm("cpu", "ALARM", "OK").expect("an incident");
        assert_eq!((fired.phase, over.phase), (Phase::Firing, Phase::Resolved));
        assert_eq!((fired.key.len(), &fired.key), (64, &over.key));
        assert_ne!(Some(fired.key), alarm("disk", "OK", "ALARM").map(|one| one.key));
        let blind = alarm("cpu", "ALARM", "INSUFFICIENT_DATA").expect("an incident");
        assert_eq!(blind.phase, Phase::Firing);
        let begins = [fired.begins, over.begins, blind.begins];
        assert_eq!(begins, [true, false, false]);
        assert_eq!(alarm("cpu", "OK", "INSUFFICIENT_DATA"), None);
    }

    #[test]
    fn a_sign_in_has_no_end_and_a_test_is_no_incident() {
        assert_eq!(read(&json!({ "any": 1 }))[0].incident(), None);
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM" });
        assert_eq!(read(&alarm).remove(0).marked("t-0a1b2c3d").incident(), None);
    }
}
