//! A topic that somebody else owns: whether it is there, and takes what the stack publishes.

use alertctl_relay::ArnParts;
use serde_json::Value;

use crate::aws::{Aws, Text, policy};
use crate::resource::sns::topic;
use crate::resource::{Access, Result};

pub(super) const ACCESS: &[Access] =
    &[
        Access::read(&["sns:GetTopicAttributes"], &["arn:{partition}:sns:{region}:*:*"])
            .because("an existing topic has any name, and may be in another account"),
    ];

pub(super) const ALARMS: &str = "cloudwatch.amazonaws.com";
pub(super) const RULES: &str = "events.amazonaws.com";

/// The warning about the topic of the key `key`, if there is one. `by_alarms` and `by_rules` say who of the stack publishes.
pub(super) async fn unmet(
    aws: &Aws,
    key: &str,
    arn: &Text,
    by_alarms: bool,
    by_rules: bool,
) -> Result<Option<String>> {
    let scope = aws.scope().await?;
    let arn = arn.fill_computed(scope).unwrap_or_default();
    let ArnParts { region, account, .. } = ArnParts::of(&arn);
    if region != scope.region {
        return Ok(Some(format!(
            "topic `{key}` is in {region}, and the stack in {}: alarms cannot notify topics of other regions; correct \
             `topics.{key}.existing`",
            scope.region
        )));
    }
    let attributes = match topic::attributes(aws, &arn).await {
        // Another account that lets this one publish and subscribe need not let it read.
        Err(fault) if fault.denied() && account != scope.account => return Ok(None),
        result => result?,
    };
    let Some(attributes) = attributes else {
        return Ok(Some(format!(
            "there is no topic `{arn}`: nothing that the stack sends to `{key}` arrives; correct `topics.{key}.existing`"
        )));
    };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    // Only a key of the account's own can let these services encrypt.
    // <https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html>
    let aws_managed = attribute("KmsMasterKeyId").is_some_and(|id| id.ends_with("alias/aws/sns"));
    let policy = policy::parse(attribute("Policy").unwrap_or_default());
    let senders = [(by_alarms, ALARMS, "alarms"), (by_rules, RULES, "rules")];
    let shut = |(_, service, _): &&(bool, &str, &str)| aws_managed || !lets_publish(&policy, service);
    let shut: Vec<_> = senders.iter().filter(|(asks, ..)| *asks).filter(shut).collect();
    if shut.is_empty() {
        return Ok(None);
    }
    let who: Vec<_> = shut.iter().map(|(.., who)| *who).collect();
    let services: Vec<_> = shut.iter().map(|(_, service, _)| *service).collect();
    let (who, services) = (who.join(" and "), services.join(" and "));
    Ok(Some(match aws_managed {
        true => format!(
            "topic `{key}` is encrypted with AWS's own key, which {services} may not use: what the stack\'s {who} send there is lost; \
             its owner has to encrypt it with a key that lets them"
        ),
        false => format!(
            "the policy of topic `{key}` does not let {services} publish: what the stack\'s {who} send there is lost; its owner has to \
             allow `sns:Publish` to {services}"
        ),
    }))
}

/// Whether a policy lets a service publish. Conditions are assumed to hold, apart from the one that the policy of every new
/// topic has, which EventBridge does not satisfy: it sends no `AWS:SourceOwner`.
fn lets_publish(policy: &Value, service: &str) -> bool {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let allows = |statement: &Value| {
        let principal = &statement["Principal"];
        let anybody = |value: &Value| texts(value).any(|text| text == "*");
        let named = texts(&principal["Service"]).any(|text| text == service);
        let may = publishes(statement);
        let of_owner = statement["Condition"]
            .to_string()
            .to_lowercase()
            .contains("aws:sourceowner");
        let anybody = anybody(principal) || anybody(&principal["AWS"]);
        statement["Effect"] == "Allow" && may && (named || anybody && !(of_owner && service == RULES))
    };
    let denies = |statement: &Value| {
        let principal = &statement["Principal"];
        let all = texts(principal)
            .chain(texts(&principal["AWS"]))
            .any(|text| text == "*");
        let named = texts(&principal["Service"]).any(|text| text == service);
        statement["Effect"] == "Deny"
            && statement["Condition"].is_null()
            && (all || named)
            && publishes(statement)
    };
    statements.clone().any(allows) && !statements.into_iter().any(denies)
}

fn publishes(statement: &Value) -> bool {
    texts(&statement["Action"]).any(|action| {
        let action = action.to_lowercase();
        ["*", "sns:*", "sns:publish", "sns:pub*"].contains(&action.as_str())
    })
}

/// A text, or each of a list of texts.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lets(statement: Value) -> [bool; 2] {
        let policy = policy::parse(&json!({ "Statement": [statement] }).to_string());
        [ALARMS, RULES].map(|service| lets_publish(&policy, service))
    }

    #[test]
    fn the_policy_of_a_new_topic_lets_alarms_publish_and_not_rules() {
        let new = json!({
            "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
            "Action": ["SNS:GetTopicAttributes", "SNS:Subscribe", "SNS:Publish"], "Resource": "arn:aws:sns:eu-west-1:111122223333:ops",
            "Condition": { "StringEquals": { "AWS:SourceOwner": "111122223333" } },
        });
        assert_eq!(lets(new), [true, false]);
    }

    #[test]
    fn a_service_is_allowed_by_name_or_as_anybody() {
        let allow = |principal: Value, action: &str| {
            lets(json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" }))
        };
        assert_eq!(allow(json!({ "Service": RULES }), "sns:Publish"), [false, true]);
        assert_eq!(
            allow(json!({ "Service": [RULES, ALARMS] }), "sns:*"),
            [true, true]
        );
        assert_eq!(allow(json!("*"), "SNS:Publish"), [true, true]);
        assert_eq!(
            allow(json!({ "Service": RULES }), "sns:Subscribe"),
            [false, false]
        );
        assert_eq!(
            allow(json!({ "AWS": "arn:aws:iam::111122223333:root" }), "sns:Publish"),
            [false, false]
        );
        assert_eq!(
            lets(json!({ "Effect": "Deny", "Principal": "*", "Action": "*" })),
            [false, false]
        );
        assert_eq!(lets(json!(null)), [false, false]);
        let (all, not) = (
            json!({ "Effect": "Allow", "Principal": "*", "Action": "sns:*" }),
            json!({ "Effect": "Deny", "Principal": { "Service": RULES }, "Action": "sns:Publish" }),
        );
        let policy = policy::parse(&json!({ "Statement": [all, not] }).to_string());
        assert!(lets_publish(&policy, ALARMS) && !lets_publish(&policy, RULES));
    }
}
