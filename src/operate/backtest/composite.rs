//! Composite alarms: their states from those of the alarms that they watch.

use std::collections::BTreeMap;

use super::evaluate::State;
use super::replay::{Change, state_at};
use crate::resource::cloudwatch::composite_alarm::{CloudwatchCompositeAlarm, Suppressor};
use crate::stack::parse_alarm_rule;

/// The states of the alarms of a stack by their physical names.
pub type States = BTreeMap<String, Vec<Change>>;

/// What is known of a composite alarm.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    States(Vec<Change>),
    /// This alarm has to be known first.
    After(String),
}

/// The physical name in a reference of a rule, which may also be an ARN.
pub fn name(reference: &str) -> &str {
    match reference.split_once(":alarm:") {
        Some((_, name)) if reference.starts_with("arn:") => name,
        _ => reference,
    }
}

/// The physical names of the alarms that it watches.
pub fn watched(alarm: &CloudwatchCompositeAlarm) -> Vec<String> {
    let rule = parse_alarm_rule(&alarm.rule).unwrap_or_default();
    rule.references
        .iter()
        .map(|reference| name(&reference.name).to_owned())
        .collect()
}

/// The states of a composite alarm that is made at `from`, in seconds since 1970.
pub fn states(alarm: &CloudwatchCompositeAlarm, states: &States, from: i64) -> Known {
    // The check of the stack file has read it.
    let rule = parse_alarm_rule(&alarm.rule).unwrap_or_default();
    let mut watched = Vec::new();
    for reference in &rule.references {
        match states.get(name(&reference.name)) {
            Some(changes) => watched.push(changes.as_slice()),
            None => return Known::After(name(&reference.name).to_owned()),
        }
    }
    let mut times: Vec<_> = watched
        .iter()
        .flat_map(|changes| changes.iter())
        .map(|change| change.at)
        .collect();
    times.push(from);
    times.retain(|at| *at >= from);
    times.sort_unstable();
    times.dedup();
    let (mut state, mut changes) = (State::InsufficientData, Vec::new());
    for at in times {
        let is = |wanted: &'static str, index: usize| {
            let changes = watched.get(index).copied().unwrap_or_default();
            state_at(changes, at).as_str() == wanted
        };
        let next = match rule.condition.holds(&is) {
            true => State::Alarm,
            false => State::Ok,
        };
        if next != state {
            state = next;
            changes.push(Change { at, state });
        }
    }
    Known::States(changes)
}

/// When a composite alarm that is in ALARM from `begin` to `end` (`None`: still) runs its actions; `None` if its suppressor
/// keeps it silent all the time.
///
/// The actions wait for the suppressor to go into ALARM. While it is there they do not run, and they wait again after it
/// left. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html>
pub fn told(suppressor: &Suppressor, changes: &[Change], begin: i64, end: Option<i64>) -> Option<i64> {
    let lasts = |at: &i64| end.is_none_or(|end| *at < end);
    let waited = begin + i64::from(suppressor.wait_seconds);
    let in_alarm = |at: i64| state_at(changes, at) == State::Alarm;
    let goes = |change: &Change| change.state == State::Alarm && (begin..=waited).contains(&change.at);
    let silent_from = match in_alarm(begin) {
        true => Some(begin),
        false => changes.iter().find(|change| goes(change)).map(|change| change.at),
    };
    let Some(mut silent) = silent_from else {
        return Some(waited).filter(lasts);
    };
    loop {
        let left = changes
            .iter()
            .find(|change| change.at > silent && change.state != State::Alarm)?;
        let extended = left.at + i64::from(suppressor.extension_seconds);
        let again = changes
            .iter()
            .find(|change| change.state == State::Alarm && change.at > left.at && change.at <= extended);
        match again {
            Some(again) => silent = again.at,
            None => return Some(extended).filter(lasts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(rule: &str) -> CloudwatchCompositeAlarm {
        CloudwatchCompositeAlarm {
            name: "all".to_owned(),
            description: None,
            rule: rule.to_owned(),
            actions_enabled: true,
            alarm_actions: Vec::new(),
            ok_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
            suppressor: None,
            tags: crate::resource::Tags::new(),
        }
    }

    fn changes(list: &[(i64, State)]) -> Vec<Change> {
        list.iter()
            .map(|(at, state)| Change {
                at: *at,
                state: *state,
            })
            .collect()
    }

    #[test]
    fn states_come_from_those_of_others() {
        let all: States = [
            (
                "a".to_owned(),
                changes(&[(0, State::Ok), (60, State::Alarm), (180, State::Ok)]),
            ),
            ("b".to_owned(), changes(&[(0, State::Ok), (120, State::Alarm)])),
        ]
        .into();
        let of = |rule: &str| states(&alarm(rule), &all, 0);
        assert_eq!(
            of(r#"ALARM("a") AND ALARM("b")"#),
            Known::States(changes(&[(0, State::Ok), (120, State::Alarm), (180, State::Ok)]))
        );
        assert_eq!(
            of(r#"ALARM("arn:aws:cloudwatch:eu-west-1:1:alarm:a") OR OK("b")"#),
            Known::States(changes(&[(0, State::Alarm), (180, State::Ok)]))
        );
        assert_eq!(
            of(r#"ALARM("a") AND NOT ALARM("c")"#),
            Known::After("c".to_owned())
        );
    }

    #[test]
    fn a_suppressor_keeps_an_alarm_silent() {
        let suppressor = Suppressor {
            alarm: "deploy".to_owned(),
            wait_seconds: 60,
            extension_seconds: 120,
        };
        let deploy = changes(&[(100, State::Alarm), (400, State::Ok)]);
        let told = |begin, end| told(&suppressor, &deploy, begin, end);
        assert_eq!(told(0, None), Some(60), "waits for the suppressor");
        assert_eq!(told(0, Some(30)), None, "is over before");
        assert_eq!(told(50, None), Some(520), "the suppressor comes in time");
        assert_eq!(told(200, Some(500)), None, "silent all the time");
        assert_eq!(told(200, Some(600)), Some(520), "lasts longer");
        assert_eq!(told(600, None), Some(660));
        let again = changes(&[(100, State::Alarm), (400, State::Ok), (450, State::Alarm)]);
        assert_eq!(
            super::told(&suppressor, &again, 200, None),
            None,
            "silent until now"
        );
        let at_once = Suppressor {
            wait_seconds: 0,
            ..suppressor
        };
        assert_eq!(super::told(&at_once, &deploy, 10, Some(11)), Some(10));
    }
}
