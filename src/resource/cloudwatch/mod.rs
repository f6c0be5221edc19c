//! The kinds of CloudWatch alarms, and what mutes them.

pub mod alarm;
pub mod alarm_mute_rule;
pub mod composite_alarm;
