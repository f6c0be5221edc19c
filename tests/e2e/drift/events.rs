//! Event buses, rules and targets, in the stack's region and in another.

use alertctl::aws::connect::Clients;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_rule::builders::PutRuleFluentBuilder;
use aws_sdk_eventbridge::types::{DeadLetterConfig, RetryPolicy, RuleState, Tag, Target};

use super::{Case, ELSEWHERE, OTHER_REGION, REGION};

const RULE: &str = "drift-keys";

pub const CASES: &[Case] = &[
    case!(
        "bus described otherwise",
        ["update eventbridge-event-bus/security: description"],
        |aws| {
            let send = aws.events.update_event_bus().name("drift-security");
            send.description("x").send().await.unwrap()
        }
    ),
    case!(
        "bus's tag changed",
        ["update eventbridge-event-bus/security: tags.team"],
        |aws| {
            let arn = format!("arn:aws:events:{REGION}:000000000000:event-bus/drift-security");
            tag(&aws.events, &arn, "team", "x").await
        }
    ),
    case!(
        "bus deleted with its rule",
        [
            "create eventbridge-event-bus/security",
            "create eventbridge-rule/findings",
            "create eventbridge-targets/findings"
        ],
        |aws| {
            remove_targets(&aws.events, "drift-security", "drift-findings").await;
            let rule = aws.events.delete_rule().name("drift-findings");
            rule.event_bus_name("drift-security").send().await.unwrap();
            let bus = aws.events.delete_event_bus().name("drift-security");
            bus.send().await.unwrap()
        }
    ),
    case!(
        "rule described otherwise",
        ["update eventbridge-rule/keys: description"],
        |aws| { rule(&aws.events).await.description("x").send().await.unwrap() }
    ),
    case!(
        "another pattern",
        ["update eventbridge-rule/keys: pattern"],
        |aws| {
            let send = rule(&aws.events).await.event_pattern(r#"{"source":["aws.ec2"]}"#);
            send.send().await.unwrap()
        }
    ),
    case!("a schedule", ["update eventbridge-rule/keys: schedule"], |aws| {
        let send = rule(&aws.events).await.schedule_expression("rate(1 minute)");
        send.send().await.unwrap()
    }),
    case!("rule disabled", ["update eventbridge-rule/keys: state"], |aws| {
        aws.events.disable_rule().name(RULE).send().await.unwrap()
    }),
    case!(
        "rule for calls that only read, too",
        ["update eventbridge-rule/keys: state"],
        |aws| {
            let all = RuleState::EnabledWithAllCloudtrailManagementEvents;
            rule(&aws.events).await.state(all).send().await.unwrap()
        }
    ),
    case!(
        "rule's tag changed",
        ["update eventbridge-rule/keys: tags.team"],
        |aws| { tag(&aws.events, &rule_arn(REGION), "team", "x").await }
    ),
    case!(
        "rule's node tag removed",
        ["update eventbridge-rule/keys: tags.alertctl:node"],
        |aws| { untag(&aws.events, &rule_arn(REGION), "alertctl:node").await }
    ),
    case!(
        "rule deleted",
        ["create eventbridge-rule/keys", "create eventbridge-targets/keys"],
        |aws| {
            remove_targets(&aws.events, "default", RULE).await;
            aws.events.delete_rule().name(RULE).send().await.unwrap()
        }
    ),
    case!("targets removed", ["create eventbridge-targets/keys"], |aws| {
        remove_targets(&aws.events, "default", RULE).await
    }),
    case!(
        "another target",
        ["update eventbridge-targets/keys: target.mail.arn"],
        |aws| { change_target(&aws.events, |target| target.arn = ELSEWHERE.into()).await }
    ),
    case!(
        "a target more",
        ["update eventbridge-targets/keys: target.more.arn"],
        |aws| {
            let more = Target::builder().id("more").arn(ELSEWHERE).build().unwrap();
            let send = aws.events.put_targets().rule(RULE).targets(more);
            send.send().await.unwrap()
        }
    ),
    case!(
        "another template",
        ["update eventbridge-targets/keys: target.mail.input_template"],
        |aws| {
            let change = |target: &mut Target| {
                target.input_transformer.as_mut().unwrap().input_template = "\"x\"".into();
            };
            change_target(&aws.events, change).await
        }
    ),
    case!(
        "another path",
        ["update eventbridge-targets/keys: target.mail.input_paths.name"],
        |aws| {
            let change = |target: &mut Target| {
                let paths = &mut target.input_transformer.as_mut().unwrap().input_paths_map;
                paths.as_mut().unwrap().insert("name".into(), "$.id".into());
            };
            change_target(&aws.events, change).await
        }
    ),
    case!(
        "no template",
        ["update eventbridge-targets/keys: target.mail.input_paths.name, target.mail.input_template"],
        |aws| { change_target(&aws.events, |target| target.input_transformer = None).await }
    ),
    case!(
        "fewer attempts",
        ["update eventbridge-targets/keys: target.mail.retry_attempts"],
        |aws| {
            let retry = RetryPolicy::builder().maximum_retry_attempts(0);
            let retry = retry.maximum_event_age_in_seconds(3600).build();
            change_target(&aws.events, |target| target.retry_policy = Some(retry)).await
        }
    ),
    case!(
        "a shorter time",
        ["update eventbridge-targets/keys: target.mail.retry_age_seconds"],
        |aws| {
            let retry = RetryPolicy::builder().maximum_retry_attempts(10);
            let retry = retry.maximum_event_age_in_seconds(60).build();
            change_target(&aws.events, |target| target.retry_policy = Some(retry)).await
        }
    ),
    case!(
        "dead letters elsewhere",
        ["update eventbridge-targets/keys: target.mail.dead_letter_queue"],
        |aws| {
            let queue = DeadLetterConfig::builder().arn(ELSEWHERE).build();
            change_target(&aws.events, |target| target.dead_letter_config = Some(queue)).await
        }
    ),
    case!(
        "target with a role",
        ["update eventbridge-targets/keys: target.mail.role_arn"],
        |aws| {
            let role = Some("arn:aws:iam::000000000000:role/other".into());
            change_target(&aws.events, |target| target.role_arn = role).await
        }
    ),
    // In the other region.
    case!(
        "rule there disabled",
        ["update eventbridge-rule/keys@us-east-1: state"],
        |aws| { there(aws).disable_rule().name(RULE).send().await.unwrap() }
    ),
    case!(
        "rule's tag there changed",
        ["update eventbridge-rule/keys@us-east-1: tags.team"],
        |aws| { tag(&there(aws), &rule_arn(OTHER_REGION), "team", "x").await }
    ),
    case!(
        "targets there removed",
        ["create eventbridge-targets/keys@us-east-1"],
        |aws| { remove_targets(&there(aws), "default", RULE).await }
    ),
    case!(
        "rule there deleted",
        [
            "create eventbridge-rule/keys@us-east-1",
            "create eventbridge-targets/keys@us-east-1"
        ],
        |aws| {
            remove_targets(&there(aws), "default", RULE).await;
            there(aws).delete_rule().name(RULE).send().await.unwrap()
        }
    ),
    case!(
        "queue there deleted",
        ["create sqs-queue/rules@us-east-1"],
        |aws| {
            let config = aws.sqs.config().to_builder();
            let region = aws_sdk_sqs::config::Region::new(OTHER_REGION);
            let sqs = aws_sdk_sqs::Client::from_conf(config.region(region).build());
            let url = sqs.get_queue_url().queue_name("drift-rules-dead-letters");
            let url = url.send().await.unwrap().queue_url.unwrap();
            sqs.delete_queue().queue_url(url).send().await.unwrap()
        }
    ),
    case!(
        "the way home cut off",
        ["create iam-role-policy/forward.us-east-1"],
        |aws| {
            let send = aws.iam.delete_role_policy().role_name("drift-forward-us-east-1");
            send.policy_name("forward").send().await.unwrap()
        }
    ),
];

fn there(aws: &Clients) -> Client {
    let region = aws_sdk_eventbridge::config::Region::new(OTHER_REGION);
    Client::from_conf(aws.events.config().to_builder().region(region).build())
}

fn rule_arn(region: &str) -> String {
    format!("arn:aws:events:{region}:000000000000:rule/{RULE}")
}

/// The call that puts the rule as it is.
async fn rule(events: &Client) -> PutRuleFluentBuilder {
    let now = events.describe_rule().name(RULE).send().await.unwrap();
    events
        .put_rule()
        .name(RULE)
        .set_description(now.description)
        .set_event_pattern(now.event_pattern)
        .set_state(now.state)
}

async fn change_target(events: &Client, change: impl FnOnce(&mut Target)) {
    let targets = events.list_targets_by_rule().rule(RULE).send().await.unwrap();
    let mut target = targets.targets()[0].clone();
    change(&mut target);
    events
        .put_targets()
        .rule(RULE)
        .targets(target)
        .send()
        .await
        .unwrap();
}

async fn remove_targets(events: &Client, bus: &str, rule: &str) {
    let targets = events.list_targets_by_rule().rule(rule).event_bus_name(bus);
    let targets = targets.send().await.unwrap();
    let ids = targets
        .targets()
        .iter()
        .map(|target| target.id().to_owned())
        .collect();
    let send = events.remove_targets().rule(rule).event_bus_name(bus);
    send.set_ids(Some(ids)).send().await.unwrap();
}

async fn tag(events: &Client, arn: &str, name: &str, value: &str) {
    let tag = Tag::builder().key(name).value(value).build().unwrap();
    let send = events.tag_resource().resource_arn(arn).tags(tag);
    send.send().await.unwrap();
}

async fn untag(events: &Client, arn: &str, name: &str) {
    let send = events.untag_resource().resource_arn(arn).tag_keys(name);
    send.send().await.unwrap();
}
