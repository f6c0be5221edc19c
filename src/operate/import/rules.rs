//! A rule as an entry of a stack file, or why it is left as it is.

use alertctl_relay::ArnParts;
use serde_json::Value;
use serde_yaml::Mapping;

use super::alarms::Names;
use super::fields::Fields;
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::resource::eventbridge::targets::{Input, Target};
use crate::resource::inventory::Rule;

/// What a stack's rule sends to besides channels.
const TARGETS: [&str; 3] = ["sns", "sqs", "lambda"];

/// Why a rule has no entry, whoever owns it.
pub(super) fn unsayable(rule: &Rule) -> Option<String> {
    let is_pattern = rule.pattern.as_ref().is_some_and(Value::is_object);
    let reason = if rule.schedule.is_some() {
        "it is on a schedule, and a stack's rules are on events".to_owned()
    } else if !is_pattern {
        "its pattern cannot be read".to_owned()
    } else if rule.bus != DEFAULT_BUS {
        format!("it is on the bus `{}`", rule.bus)
    } else if rule.role_arn.is_some() {
        "it has a role".to_owned()
    } else if !rule.has_targets_read {
        "its targets could not be read".to_owned()
    } else if rule.targets.is_empty() {
        "it has no targets".to_owned()
    } else if let Some(service) = rule
        .targets
        .iter()
        .map(service)
        .find(|one| !TARGETS.contains(one))
    {
        format!("it has a target of another sort than a stack's rules (`{service}`)")
    } else if rule.is_altered || rule.targets.iter().any(|target| target.role_arn.is_some()) {
        "a target has settings that a stack file cannot say".to_owned()
    } else if !have_same_settings(&rule.targets) {
        "its targets differ in what they get".to_owned()
    } else if input(&rule.targets).is_err() {
        "its targets get a constant that is no text".to_owned()
    } else {
        return None;
    };
    Some(reason)
}

/// The service in a target's ARN.
fn service(target: &Target<String>) -> &str {
    ArnParts::of(&target.arn).service
}

fn have_same_settings(targets: &[Target<String>]) -> bool {
    let settings = |target: &Target<String>| {
        (
            target.input.clone(),
            target.retry_attempts,
            target.retry_age_seconds,
            target.dead_letter_queue.clone(),
        )
    };
    targets.windows(2).all(|pair| match pair {
        [one, other] => settings(one) == settings(other),
        _ => true,
    })
}

/// What targets get instead of the event, as the file says it.
fn input(targets: &[Target<String>]) -> Result<Option<Mapping>, ()> {
    let mut fields = Fields::default();
    match targets.first().and_then(|target| target.input.as_ref()) {
        None => return Ok(None),
        Some(Input::Constant(json)) => match serde_json::from_str(json) {
            Ok(Value::String(text)) => fields.set("text", text),
            _ => return Err(()),
        },
        Some(Input::Path(path)) => fields.set("path", path.as_str()),
        Some(Input::Transformer { paths, template }) => {
            let pair = |(name, path): (&String, &String)| (name.as_str().into(), path.as_str().into());
            let paths: Mapping = paths.iter().map(pair).collect();
            fields.some("paths", (!paths.is_empty()).then_some(paths));
            fields.set("template", template.as_str());
        }
    }
    Ok(Some(fields.0))
}

/// The entry of the rule with this key.
pub(super) fn entry(rule: &Rule, key: &str, names: &Names<'_>) -> Mapping {
    let mut fields = Fields::default();
    let is_default = rule.name == format!("{}-{key}", names.stack);
    fields.some("name", (!is_default).then_some(rule.name.as_str()));
    // Without a description, a stack's rule has one of the stack's.
    fields.set("description", rule.description.as_str());
    fields.some("enabled", (rule.state == "DISABLED").then_some(false));
    let reads = rule.state.ends_with("MANAGEMENT_EVENTS");
    fields.some("include_read_only", reads.then_some(true));
    fields.some("pattern", rule.pattern.as_ref().map(yaml));
    fields.some("input", input(&rule.targets).unwrap_or_default());
    if let Some(first) = rule.targets.first() {
        let mut retry = Fields::default();
        retry.some("attempts", first.retry_attempts);
        retry.some("age_seconds", first.retry_age_seconds);
        fields.some("retry", (!retry.0.is_empty()).then_some(retry.0));
        match &first.dead_letter_queue {
            Some(queue) => fields.set("dead_letter_queue", queue.as_str()),
            None => fields.set("dead_letter_queue", false),
        }
    }
    let to = rule.targets.iter();
    let to = to.map(|target| {
        names
            .topics
            .get(target.arn.as_str())
            .copied()
            .unwrap_or(&target.arn)
    });
    fields.set("to", to.collect::<Vec<_>>());
    fields.0
}

fn yaml(json: &Value) -> serde_yaml::Value {
    serde_yaml::to_value(json).unwrap_or_default()
}

/// Whether events come to this rule only while a trail logs.
pub(super) fn needs_trail(rule: &Rule) -> bool {
    let types = rule
        .pattern
        .as_ref()
        .and_then(|pattern| pattern.get("detail-type"));
    let types = types.and_then(Value::as_array).into_iter().flatten();
    let mut texts = types.filter_map(Value::as_str);
    texts.any(|text| text.ends_with("via CloudTrail"))
}
