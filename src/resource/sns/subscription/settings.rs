//! The filter of a subscription, and how it delivers.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::SnsSubscription;
use crate::aws::{Aws, Scope};
use crate::resource::{Changes, Fields, Result};

/// In normal form: an empty filter counts as no filter, and without a filter there is no scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Settings {
    filter_policy: Option<Value>,
    filter_policy_scope: Option<String>,
    raw_message_delivery: bool,
    pub dead_letter_queue: Option<String>,
}

const FILTER: &str = "FilterPolicy";
const SCOPE: &str = "FilterPolicyScope";
const RAW: &str = "RawMessageDelivery";
const REDRIVE: &str = "RedrivePolicy";

const ATTRIBUTES: &str = "MessageAttributes";
const BODY: &str = "MessageBody";

impl Settings {
    pub(super) fn of(wanted: &SnsSubscription, scope: &Scope) -> Self {
        let queue = wanted.dead_letter_queue.as_ref();
        Self::new(
            wanted.filter_policy.clone(),
            wanted.filter_policy_scope,
            wanted.raw_message_delivery,
            queue.and_then(|arn| arn.fill_computed(scope).ok()),
        )
    }

    pub(super) fn read(attributes: &HashMap<String, String>) -> Self {
        let json = |name: &str| serde_json::from_str::<Value>(attributes.get(name)?).ok();
        let queue =
            json(REDRIVE).and_then(|policy| policy["deadLetterTargetArn"].as_str().map(str::to_owned));
        Self::new(
            json(FILTER),
            attributes.get(SCOPE).map(String::as_str),
            attributes.get(RAW).is_some_and(|raw| raw == "true"),
            queue,
        )
    }

    fn new(filter: Option<Value>, scope: Option<&str>, raw: bool, queue: Option<String>) -> Self {
        let filter = filter.filter(|filter| *filter != json!({}));
        let scope = filter.as_ref().map(|_| scope.unwrap_or(ATTRIBUTES).to_owned());
        Self {
            filter_policy: filter,
            filter_policy_scope: scope,
            raw_message_delivery: raw,
            dead_letter_queue: queue,
        }
    }

    /// All fields except the dead letter queue, whose ARN may depend on another resource.
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        fields
            .set_some("filter_policy", self.filter_policy.clone())
            .set_some("filter_policy_scope", self.filter_policy_scope.as_deref())
            .set("raw_message_delivery", self.raw_message_delivery)
    }

    /// The settings that differ from AWS's defaults, in the form that SNS accepts.
    pub(super) fn attributes(&self) -> HashMap<String, String> {
        let raw = self.raw_message_delivery.then(|| "true".to_owned());
        let pairs = [
            (FILTER, self.filter_policy.as_ref().map(Value::to_string)),
            (SCOPE, self.filter_policy_scope.clone()),
            (RAW, raw),
            (REDRIVE, self.redrive()),
        ];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    fn redrive(&self) -> Option<String> {
        let arn = self.dead_letter_queue.as_ref()?;
        Some(json!({ "deadLetterTargetArn": arn }).to_string())
    }
}

/// Makes the `changes` that lead to `wanted`, one attribute per call.
///
/// A filter on the body may be nested, but a filter on attributes may not. So a change of the scope to the body is
/// made first, and a change to attributes is made last.
pub(super) async fn put(aws: &Aws, arn: &str, wanted: &Settings, changes: &Changes) -> Result<()> {
    let scope = wanted.filter_policy_scope.as_deref();
    let scope = scope.filter(|_| changes.touch("filter_policy_scope"));
    if scope == Some(BODY) {
        set(aws, arn, SCOPE, scope).await?;
    }
    if changes.touch("filter_policy") {
        let policy = wanted.filter_policy.as_ref().map(Value::to_string);
        // SNS treats an empty filter as no filter.
        set(aws, arn, FILTER, Some(policy.as_deref().unwrap_or("{}"))).await?;
    }
    if scope == Some(ATTRIBUTES) {
        set(aws, arn, SCOPE, scope).await?;
    }
    if changes.touch("raw_message_delivery") {
        let raw = if wanted.raw_message_delivery {
            "true"
        } else {
            "false"
        };
        set(aws, arn, RAW, Some(raw)).await?;
    }
    if changes.touch("dead_letter_queue") {
        // SNS refuses an empty text here: to remove the policy, the value is left out.
        set(aws, arn, REDRIVE, wanted.redrive().as_deref()).await?;
    }
    Ok(())
}

async fn set(aws: &Aws, arn: &str, name: &str, value: Option<&str>) -> Result<()> {
    let request = aws
        .connection
        .clients
        .sns
        .set_subscription_attributes()
        .subscription_arn(arn)
        .attribute_name(name)
        .set_attribute_value(value.map(str::to_owned));
    aws.call("sns:SetSubscriptionAttributes", || request.clone().send())
        .await
        .map(drop)
}
