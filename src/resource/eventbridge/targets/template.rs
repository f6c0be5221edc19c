//! The targets in a CloudFormation template, where they are a property of the rule.

use serde_json::{Value, json};

use super::{EventbridgeTargets, Input, Target};
use crate::resource::template::{Entry, Properties, Template, Templated};

impl Templated for EventbridgeTargets {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self { rule, targets } = self;
        let targets: Vec<Value> = targets.iter().map(|target| declared(target, template)).collect();
        Entry::PartOf(rule.id().clone(), Properties::default().set("Targets", targets))
    }
}

fn declared(target: &Target, template: &Template) -> Value {
    let Target {
        id,
        arn,
        role_arn,
        input,
        dead_letter_queue,
        retry_attempts,
        retry_age_seconds,
    } = target;
    let role = role_arn.as_ref().map(|arn| template.text(arn));
    let properties = Properties::default()
        .set("Id", id.as_str())
        .set("Arn", template.text(arn))
        .set_some("RoleArn", role);
    let properties = match input {
        None => properties,
        Some(Input::Constant(text)) => properties.set("Input", text.as_str()),
        Some(Input::Path(path)) => properties.set("InputPath", path.as_str()),
        Some(Input::Transformer { paths, template }) => {
            let transformer = Properties::default()
                .set_some("InputPathsMap", (!paths.is_empty()).then(|| json!(paths)))
                .set("InputTemplate", template.as_str());
            properties.set("InputTransformer", transformer)
        }
    };
    let retries = Properties::default()
        .set_some("MaximumRetryAttempts", *retry_attempts)
        .set_some("MaximumEventAgeInSeconds", *retry_age_seconds);
    let retried = retry_attempts.is_some() || retry_age_seconds.is_some();
    let queue = dead_letter_queue.as_ref();
    properties
        .set_some(
            "DeadLetterConfig",
            queue.map(|queue| json!({ "Arn": template.text(queue) })),
        )
        .set_some("RetryPolicy", retried.then_some(retries))
        .into()
}
