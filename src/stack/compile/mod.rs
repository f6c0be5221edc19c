//! The short forms of the stack file written out: alarm presets and log filters as alarms, presets and services as
//! EventBridge patterns with their regions, the rules of composite alarms.

pub mod alarms;
pub mod composite;
pub mod events;
pub mod organization;
