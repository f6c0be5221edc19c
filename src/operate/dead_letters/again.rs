//! Plans the redrive of a dead letter; nothing is sent here.

use serde_json::Value;

use super::{Again, RuleArn, name_of, template};
use crate::aws::Aws;
use crate::aws::fault::Result;
use crate::aws::notify;
use crate::resource::eventbridge;
use crate::resource::eventbridge::targets::{self, Target};

/// One delivery of a redrive.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// To a function of the stack, by name.
    Invoke { function: String, payload: Value },
    /// To a topic, by ARN.
    Publish { topic: String, message: String },
}

/// The deliveries that redrive the message, or why it cannot be redriven.
///
/// For an event that a rule could not deliver, the target's current settings apply: a rule whose target has
/// changed since then sends to the new target.
pub async fn deliveries(
    aws: &Aws,
    again: &Again,
    functions: &[String],
) -> Result<Result<Vec<Delivery>, String>> {
    match again {
        Again::No(why) => Ok(Err(why.clone())),
        Again::Invoke { function, payload } => Ok(Ok(vec![Delivery::Invoke {
            function: function.clone(),
            payload: payload.clone(),
        }])),
        Again::Target { rule, target, event } => {
            let there = aws.at(&rule.region);
            let targets = targets::now(&there, &rule.bus, &rule.rule).await?;
            match targets.iter().find(|live| live.arn == *target) {
                Some(target) if bus_of(&target.arn).is_some() => {
                    through_bus(aws, &target.arn, event, functions).await
                }
                Some(target) => Ok(deliver(target, event, functions).map(|delivery| vec![delivery])),
                None => Ok(Err(format!(
                    "rule `{}` in {} no longer has a target {target}",
                    rule.rule, rule.region
                ))),
            }
        }
    }
}

/// What the rules of a bus would do with an event that was forwarded to it. Only AWS may put events of its
/// services on a bus, so the event goes directly to the rules' targets.
async fn through_bus(
    aws: &Aws,
    bus: &str,
    event: &Value,
    functions: &[String],
) -> Result<Result<Vec<Delivery>, String>> {
    let Some(bus) = bus_of(bus) else {
        return Ok(Err(format!("`{bus}` is not the ARN of an event bus")));
    };
    let home = aws.at(&bus.region);
    let mut deliveries = Vec::new();
    for rule in eventbridge::rule::now(&home, &bus.bus).await? {
        if !rule.enabled || !notify::matches(&home, &rule.pattern, event).await? {
            continue;
        }
        for target in targets::now(&home, &bus.bus, &rule.name).await? {
            match deliver(&target, event, functions) {
                Ok(delivery) => deliveries.push(delivery),
                Err(why) => return Ok(Err(why)),
            }
        }
    }
    Ok(match deliveries.is_empty() {
        true => Err(format!("no rule on the bus `{}` matches it", bus.bus)),
        false => Ok(deliveries),
    })
}

/// The delivery to a target that is not a bus.
pub fn deliver(target: &Target<String>, event: &Value, functions: &[String]) -> Result<Delivery, String> {
    let filled = template::fill(target.input.as_ref(), event);
    if target.arn.contains(":function:") {
        let name = name_of(&target.arn);
        return match functions.iter().any(|function| function == name) {
            true => Ok(Delivery::Invoke {
                function: name.to_owned(),
                payload: serde_json::from_str(&filled).unwrap_or(Value::String(filled)),
            }),
            false => Err(format!("`{name}` is not a function of this stack")),
        };
    }
    if target.arn.contains(":sns:") {
        return Ok(Delivery::Publish {
            topic: target.arn.clone(),
            message: filled,
        });
    }
    Err(format!(
        "its target {} is neither a function nor a topic",
        target.arn
    ))
}

/// A bus by its ARN, `arn:aws:events:<region>:<account>:event-bus/<name>`; the rule is still empty.
fn bus_of(arn: &str) -> Option<RuleArn> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, _, "events", region, _, resource] = parts[..] else {
        return None;
    };
    Some(RuleArn {
        region: region.to_owned(),
        bus: resource.strip_prefix("event-bus/")?.to_owned(),
        rule: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::Client;
    use aws_sdk_eventbridge::operation::list_rules::ListRulesOutput;
    use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
    use aws_sdk_eventbridge::operation::test_event_pattern::TestEventPatternOutput;
    use aws_sdk_eventbridge::types as sdk;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use serde_json::json;

    use super::*;
    use crate::resource::eventbridge::targets::Input;

    fn target(arn: &str, input: Option<Input>) -> Target<String> {
        Target {
            id: "1".into(),
            arn: arn.into(),
            role_arn: None,
            input,
            dead_letter_queue: None,
            retry_attempts: None,
            retry_age_seconds: None,
        }
    }

    #[test]
    fn a_target_gets_what_its_rule_would_have_given_it() {
        let functions = ["mission-relay".to_owned()];
        let event = json!({ "source": "aws.ec2" });
        let relay = "arn:aws:lambda:eu-west-1:111122223333:function:mission-relay";
        let input = Input::Transformer {
            paths: Default::default(),
            template: r#"{"alertctl":{"rule":"a"},"event":<aws.events.event.json>}"#.into(),
        };
        assert_eq!(
            deliver(&target(relay, Some(input)), &event, &functions),
            Ok(Delivery::Invoke {
                function: "mission-relay".into(),
                payload: json!({ "alertctl": { "rule": "a" }, "event": event }),
            })
        );
        let topic = "arn:aws:sns:eu-west-1:111122223333:mission-sns";
        assert_eq!(
            deliver(&target(topic, None), &event, &functions),
            Ok(Delivery::Publish {
                topic: topic.into(),
                message: event.to_string(),
            })
        );
        for foreign in [
            "arn:aws:lambda:eu-west-1:111122223333:function:other",
            "arn:aws:sqs:eu-west-1:111122223333:queue",
        ] {
            let refused = deliver(&target(foreign, None), &event, &functions);
            assert!(refused.is_err(), "{refused:?}");
        }
    }

    fn targets(arn: &'static str) -> ListTargetsByRuleOutput {
        let target = sdk::Target::builder().id("1").arn(arn).build().unwrap();
        ListTargetsByRuleOutput::builder().targets(target).build()
    }

    #[tokio::test]
    async fn what_was_to_be_forwarded_goes_where_the_bus_at_home_sends_it() {
        let there = mock!(Client::list_targets_by_rule).then_output(|| {
            targets("arn:aws:events:eu-west-1:123456789012:event-bus/mission-regions-logins")
        });
        let there = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&there]);
        let rules = mock!(Client::list_rules).then_output(|| {
            let rule = |name: &str, state: sdk::RuleState| {
                let rule = sdk::Rule::builder().name(name).state(state);
                rule.event_pattern(r#"{"source":["aws.signin"]}"#).build()
            };
            ListRulesOutput::builder()
                .rules(rule("off", sdk::RuleState::Disabled))
                .rules(rule("mission-logins", sdk::RuleState::Enabled))
                .build()
        });
        let matches = mock!(Client::test_event_pattern)
            .then_output(|| TestEventPatternOutput::builder().result(true).build());
        let home = mock!(Client::list_targets_by_rule)
            .match_requests(|request| request.rule() == Some("mission-logins"))
            .then_output(|| targets("arn:aws:lambda:eu-west-1:123456789012:function:mission-relay"));
        let home = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, [&rules, &matches, &home]);
        let at_home = |clients: &mut crate::aws::Clients| clients.events = home.clone();
        let aws = Aws::mocked(Vec::new(), at_home)
            .and_in("eu-west-1", Vec::new(), at_home)
            .and_in("us-east-1", Vec::new(), |clients| clients.events = there);
        let again = |target: &str| Again::Target {
            rule: RuleArn {
                region: "us-east-1".into(),
                bus: "default".into(),
                rule: "mission-logins".into(),
            },
            target: target.to_owned(),
            event: json!({ "source": "aws.signin" }),
        };
        let functions = ["mission-relay".to_owned()];
        let bus = again("arn:aws:events:eu-west-1:123456789012:event-bus/mission-regions-logins");
        assert_eq!(
            deliveries(&aws, &bus, &functions).await.unwrap(),
            Ok(vec![Delivery::Invoke {
                function: "mission-relay".into(),
                payload: json!({ "source": "aws.signin" }),
            }])
        );
        let gone = deliveries(&aws, &again("arn:gone"), &functions).await.unwrap();
        assert!(gone.unwrap_err().contains("no longer has a target arn:gone"));
    }

    #[test]
    fn a_bus_is_known_by_its_arn() {
        let bus = bus_of("arn:aws:events:eu-west-1:111122223333:event-bus/mission-regions-logins").unwrap();
        assert_eq!(
            (bus.region.as_str(), bus.bus.as_str()),
            ("eu-west-1", "mission-regions-logins")
        );
        assert_eq!(bus_of("arn:aws:events:eu-west-1:111122223333:rule/x"), None);
        assert_eq!(bus_of(""), None);
    }
}
