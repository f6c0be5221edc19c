//! The targets of rules, and what they get.

use std::collections::BTreeMap;

use alertctl_relay::Envelope;
use serde_json::json;

use super::Build;
use crate::aws::Text;
use crate::aws::secret::fingerprint;
use crate::resource::eventbridge::targets::{Input, Target};
use crate::stack::{Rule, RuleInput};

/// A target with EventBridge's default settings.
pub(super) fn bare_target(id: &str, arn: Text) -> Target {
    Target {
        id: id.to_owned(),
        arn,
        role_arn: None,
        input: None,
        dead_letter_queue: None,
        retry_attempts: None,
        retry_age_seconds: None,
    }
}

pub(super) fn target(id: &str, arn: Text, rule: &Rule) -> Target {
    Target {
        retry_attempts: rule.retry.attempts,
        retry_age_seconds: rule.retry.age_seconds,
        ..bare_target(id, arn)
    }
}

/// A receiver that the stack does not own. Its id is a digest, since an ARN is too long for one.
pub(super) fn by_arn(arn: &str, rule: &Rule) -> Target {
    let id = format!("arn-{}", &fingerprint(arn)[..8]);
    Target {
        input: rule.input.as_ref().map(input),
        ..target(&id, arn.into(), rule)
    }
}

pub(super) fn input(input: &RuleInput) -> Input {
    match input {
        RuleInput::Text(text) => Input::Constant(json!(text).to_string()),
        RuleInput::Path(path) => Input::Path(path.clone()),
        RuleInput::Template { paths, template } => Input::Transformer {
            paths: paths.clone(),
            template: template.clone(),
        },
    }
}

/// The input of the relay: the event, the key of its rule, and its channels. Because each rule carries its own
/// routing, no number of rules fills the function's environment.
pub(super) fn for_relay(rule: &str, channels: &[&String]) -> Input {
    let route = json!({ "rule": rule, "channels": channels });
    Input::Transformer {
        paths: BTreeMap::new(),
        template: Envelope::template(&route, "<aws.events.event.json>"),
    }
}

impl Build<'_> {
    /// The relay's id among a rule's targets. The ids of topics are their keys, which contain no dot.
    pub(super) fn relay_target(&self) -> &'static str {
        match self.stack.topics.contains_key("relay") {
            true => "relay.function",
            false => "relay",
        }
    }
}
