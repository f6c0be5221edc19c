//! Signals: what rules send to the relay without an alert.

use alertctl_relay::Signal;

use super::Build;
use super::function::Function;
use super::targets::bare_target;
use super::wiring::Wiring;
use crate::resource::NodeId;
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::eventbridge::targets::{Input, Target};
use crate::stack::DeadLetterQueue;

impl Build<'_> {
    /// A rule that sends something to `target` again and again, after so many minutes, at least two; `what` it is for, for people.
    pub(super) fn scheduled(
        &self,
        key: String,
        name: &str,
        what: &str,
        minutes: i32,
        target: Target,
        after: Vec<NodeId>,
    ) -> Wiring {
        Wiring {
            key,
            name: self.names.default_rule(name),
            description: format!("alertctl stack {}: {what}", self.stack.stack),
            trigger: Trigger::Schedule(format!("rate({minutes} minutes)")),
            state: RuleState::Enabled,
            regions: Vec::new(),
            arrivals: String::new(),
            bus: None,
            targets: vec![target],
            dead_letter_queue: DeadLetterQueue::Own,
            after,
        }
    }

    /// The relay as a target that gets a signal.
    pub(super) fn signalled(&self, relay: &Function, signal: &Signal) -> Target {
        carrying(signal, bare_target(self.relay_target(), relay.function.arn()))
    }
}

/// A target that gets a signal.
pub(super) fn carrying(signal: &Signal, target: Target) -> Target {
    Target {
        input: Some(Input::Constant(signal.message().to_string())),
        ..target
    }
}
