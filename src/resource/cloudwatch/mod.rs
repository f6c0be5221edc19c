//! The kinds of CloudWatch alarms, and what mutes them.

pub mod alarm;
pub mod alarm_mute_rule;
pub mod composite_alarm;
pub mod log_alarm;

use super::Resource as _;

/// The kinds of alarms. They share one namespace of names.
const ALARMS: [&str; 3] = [
    alarm::CloudwatchAlarm::KIND,
    composite_alarm::CloudwatchCompositeAlarm::KIND,
    log_alarm::CloudwatchLogAlarm::KIND,
];

/// Whether resources of this kind are alarms.
pub fn is_alarm(kind: &str) -> bool {
    ALARMS.contains(&kind)
}
