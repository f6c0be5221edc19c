//! The kinds of CloudWatch alarms.

pub mod alarm;
pub mod composite_alarm;
