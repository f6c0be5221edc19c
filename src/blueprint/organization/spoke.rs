//! The CloudFormation template of a spoke: what one region of a member's account needs to forward events to the hub.
//!
//! It has no function, key, bucket or mail. Each region sends straight to the hub's bus, since a bus passes nothing on that came
//! from another account or region: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
//! Nothing here carries the tag of a stack, by which alertctl in that account would take it for an orphan.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::aws::Text;
use crate::blueprint::names::{Names, limited};
use crate::stack::{Forwarded, Organization, Stack, spoke_alarm};

/// The parameter with the ARN of the hub's bus.
pub const HUB_BUS: &str = "HubBus";
/// The parameter with the id of the hub's account.
pub const HUB_ACCOUNT: &str = "HubAccount";
/// The path of every role of a spoke.
const PATH: &str = "/alertctl-spoke/";

/// The path and name of a spoke's role for reading in `region`, by which `status` looks at what was not forwarded.
pub fn reader(stack: &Stack, region: &str) -> String {
    format!("{PATH}{}", reader_name(stack, region))
}

fn reader_name(stack: &Stack, region: &str) -> String {
    format!("{}-{region}", limited(stack.default_name("spoke-reader"), 40))
}

/// What the queue of a spoke is called; there is one in each region.
pub fn dead_letters(stack: &Stack) -> String {
    limited(stack.default_name("spoke-dead-letters"), 80)
}

/// The parameters of every spoke: the hub.
pub fn parameters(names: Names<'_>) -> BTreeMap<String, Text> {
    let bus = names.event_bus_arn(&names.members_bus());
    BTreeMap::from([
        (HUB_ACCOUNT.to_owned(), Text::account()),
        (HUB_BUS.to_owned(), bus),
    ])
}

/// What the stack of a spoke is for.
pub fn description(stack: &Stack) -> String {
    let name = &stack.stack;
    format!("Spoke of the alertctl stack {name}: forwards events of this account and region to the hub")
}

/// The template of every spoke of `stack`, without a description, whose own region is `home`.
pub fn template(stack: &Stack, organization: &Organization, home: &str) -> Value {
    let forwarded = stack.forwarded(organization, home);
    let prefix = format!("{}-to-hub-", stack.stack);
    let rules_here = sub(&format!(
        "arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{prefix}*"
    ));
    let mut resources = Map::new();
    let mut add = |id: &str, resource: Value| resources.insert(id.to_owned(), resource);
    add("Forwarder", forwarder(&rules_here));
    add("DeadLetters", queue(stack));
    add("DeadLettersPolicy", queue_policy(&rules_here));
    add("Reader", role_of_reader(stack));
    if organization.dead_letter_alarm {
        add("DeadLettersAlarm", alarm(stack));
    }
    for rule in &forwarded {
        add(&logical_id(rule.key()), forwarding(stack, &prefix, rule));
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            HUB_ACCOUNT: {
                "Type": "String",
                "Description": "Id of the account with the alertctl stack",
                "AllowedPattern": "[0-9]{12}",
            },
            HUB_BUS: { "Type": "String", "Description": "ARN of the event bus of the alertctl stack" },
        },
        "Resources": resources,
    })
}

fn sub(text: &str) -> Value {
    json!({ "Fn::Sub": text })
}

/// EventBridge needs a role to send to a bus of another account.
fn forwarder(rules: &Value) -> Value {
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Path": PATH,
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } },
                        "ArnLike": { "aws:SourceArn": rules },
                    },
                }],
            },
            "Policies": [{
                "PolicyName": "forward",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Effect": "Allow",
                        "Action": "events:PutEvents",
                        "Resource": { "Ref": HUB_BUS },
                    }],
                },
            }],
        },
    })
}

/// What could not be forwarded waits for 14 days, the longest that SQS keeps it.
fn queue(stack: &Stack) -> Value {
    json!({
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "QueueName": dead_letters(stack),
            "MessageRetentionPeriod": 1_209_600,
            "SqsManagedSseEnabled": true,
        },
    })
}

fn queue_policy(rules: &Value) -> Value {
    json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{ "Ref": "DeadLetters" }],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": { "Fn::GetAtt": ["DeadLetters", "Arn"] },
                    "Condition": { "ArnLike": { "aws:SourceArn": rules } },
                }],
            },
        },
    })
}

/// For `alertctl status --org`. It reads how many events wait here and whether a trail logs, and nothing else.
fn role_of_reader(stack: &Stack) -> Value {
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": sub(&reader_name(stack, "${AWS::Region}")),
            "Path": PATH,
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "AWS": sub(&format!("arn:${{AWS::Partition}}:iam::${{{HUB_ACCOUNT}}}:root")) },
                    "Action": "sts:AssumeRole",
                }],
            },
            "Policies": [{
                "PolicyName": "read",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
                            "Resource": { "Fn::GetAtt": ["DeadLetters", "Arn"] },
                        },
                        { "Effect": "Allow", "Action": "cloudtrail:DescribeTrails", "Resource": "*" },
                        {
                            "Effect": "Allow",
                            "Action": ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
                            // A trail of the organization is in the management account.
                            "Resource": sub("arn:${AWS::Partition}:cloudtrail:*:*:trail/*"),
                        },
                    ],
                },
            }],
        },
    })
}

/// Its change of state reaches the hub like that of every other alarm.
fn alarm(stack: &Stack) -> Value {
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(&format!("{}-${{AWS::Region}}", spoke_alarm(stack))),
            "AlarmDescription": format!(
                "Events of this account and region did not reach the alertctl stack {}", stack.stack
            ),
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [{ "Name": "QueueName", "Value": { "Fn::GetAtt": ["DeadLetters", "QueueName"] } }],
            "Statistic": "Maximum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    })
}

fn forwarding(stack: &Stack, prefix: &str, rule: &Forwarded) -> Value {
    let what = match rule.rules.as_slice() {
        [] => "alarms".to_owned(),
        rules => rules.join(", "),
    };
    let description = format!("alertctl stack {}: forwards {what}", stack.stack);
    json!({
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": limited(format!("{prefix}{}", rule.key()), 64),
            "Description": description.chars().take(512).collect::<String>(),
            "State": match rule.include_read_only {
                true => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                false => "ENABLED",
            },
            "EventPattern": rule.pattern,
            "Targets": [{
                "Id": "hub",
                "Arn": { "Ref": HUB_BUS },
                "RoleArn": { "Fn::GetAtt": ["Forwarder", "Arn"] },
                "DeadLetterConfig": { "Arn": { "Fn::GetAtt": ["DeadLetters", "Arn"] } },
            }],
        },
    })
}

/// A key as CloudFormation takes it for the name of a resource: letters and digits.
fn logical_id(key: &str) -> String {
    let words = key.split(|c: char| !c.is_ascii_alphanumeric());
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_ascii_uppercase())
    };
    let words: String = words.map(capital).collect();
    // `a-b` and `a_b` are two keys.
    let digest = crate::aws::secret::fingerprint(key);
    format!("Forward{words}{}", &digest[..4])
}
