//! Changes of policies in sentences.

use serde_json::{Value, json};

use super::grant::grants;
use super::*;
use crate::aws::Scope;
use crate::resource::NodeId;

const ACCOUNT: &str = "111122223333";

fn scope() -> Scope {
    Scope::of(ACCOUNT, "eu-west-1")
}

/// The nodes of a small stack.
fn nodes() -> Vec<(NodeId, String, Option<String>)> {
    let node = |kind, key: &str, name: &str, id: Option<&str>| {
        let key = key.to_owned();
        (NodeId { kind, key }, name.to_owned(), id.map(str::to_owned))
    };
    vec![
        node("iam-role", "relay", "mission-relay-role", None),
        node("kms-key", "main", "alias/mission-key", Some("1234-5678")),
        node("sns-topic", "ops", "mission-ops", None),
        node("lambda-function", "relay", "mission-relay", None),
        node("sqs-queue", "rules@us-east-1", "mission-rules-dead-letters", None),
        node("cloudwatch-alarm", "cpu", "mission-cpu", None),
        node("s3-bucket", "trail", "mission-trail", None),
        node("log-group", "relay", "/aws/lambda/mission-relay", None),
        node("apigatewayv2-api", "elastalert", "mission-elastalert", None),
    ]
}

/// The sentences for a change of the policy of `sns-topic/ops` from one statement to others.
fn said(before: &[Value], after: &[Value]) -> Vec<String> {
    let scope = scope();
    let names = Names::of(&scope, nodes().into_iter());
    let place = Place {
        holder: "{iam-role/relay}",
        itself: "{sns-topic/ops}",
        account: ACCOUNT,
    };
    let of = |statements: &[Value]| -> Grants {
        let grants = grants(&json!({ "Statement": statements }), &place).into_iter();
        grants.map(|grant| (grant, "x".to_owned())).collect()
    };
    let (old, new) = (of(before), of(after));
    let text = |one: Permission| {
        let parts = one.sources.iter().map(|source| format!("for {source}"));
        let parts: Vec<_> = parts
            .chain(one.when)
            .chain(one.wide.iter().map(|wide| format!("WIDE {wide}")))
            .collect();
        let under = if parts.is_empty() {
            String::new()
        } else {
            format!(" ({})", parts.join(", "))
        };
        let turn = format!("{:?} {:?}", one.change, one.effect).to_lowercase();
        format!("{turn}: {} may {} {}{under}", one.who, one.may, one.on)
    };
    changed(&old, &new, &names, ACCOUNT)
        .into_iter()
        .map(text)
        .collect()
}

fn allow(principal: &Value, actions: &[&str], resource: &str) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": [resource] });
    if !principal.is_null() {
        statement["Principal"] = principal.clone();
    }
    statement
}

fn with(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

#[test]
fn actions_and_resources_have_names() {
    let none = Value::Null;
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let statements = [
        allow(
            &none,
            &["kms:Decrypt", "kms:GenerateDataKey*"],
            &arn("kms:eu-west-1:111122223333:key/1234-5678"),
        ),
        allow(&none, &["kms:Decrypt"], "{kms-key/other}"),
        allow(
            &none,
            &["logs:CreateLogStream", "logs:PutLogEvents"],
            &arn("logs:eu-west-1:111122223333:log-group:/aws/lambda/mission-relay:*"),
        ),
        allow(
            &none,
            &[
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
            ],
            &arn("sqs:us-east-1:111122223333:mission-rules-dead-letters"),
        ),
        allow(
            &none,
            &["ec2:StopInstances"],
            &arn("ec2:eu-west-1:111122223333:instance/i-1"),
        ),
        allow(
            &none,
            &["s3:PutObject"],
            &arn("s3:::mission-trail/AWSLogs/111122223333/*"),
        ),
        allow(&none, &["sns:Publish"], &arn("sns:us-west-2:444455556666:other")),
        allow(
            &none,
            &["cloudwatch:PutAlarmMuteRule"],
            &arn("cloudwatch:eu-west-1:111122223333:alarm:mission-*"),
        ),
    ];
    insta::assert_snapshot!(said(&[], &statements).join("\n"), @r"
    granted allow: relay may set a mute on alarms mission-*
    granted allow: relay may call ec2:StopInstances on arn:aws:ec2:eu-west-1:111122223333:instance/i-1
    granted allow: relay may encrypt and decrypt with key/main
    granted allow: relay may write logs to log-group/relay
    granted allow: relay may write files to bucket/trail/AWSLogs/111122223333/*
    granted allow: relay may publish to topic other in us-west-2 of account 444455556666
    granted allow: relay may read and delete messages of, and see the state of queue/rules@us-east-1
    granted allow: relay may decrypt with key/other
    ");
}

#[test]
fn principals_have_names_and_wide_ones_are_marked() {
    let to = "{sns-topic/ops}";
    let aws = |arn: &str| json!({ "AWS": [arn] });
    let statements = [
        allow(
            &json!({ "Service": ["events.amazonaws.com", "unknown.amazonaws.com"] }),
            &["sns:Publish"],
            to,
        ),
        allow(&json!("*"), &["sns:Publish"], to),
        with(
            allow(&json!({ "AWS": "*" }), &["sns:GetTopicAttributes"], to),
            json!({ "StringEquals": { "AWS:SourceOwner": ACCOUNT } }),
        ),
        allow(&aws("arn:aws:iam::444455556666:root"), &["sns:Publish"], to),
        allow(&aws("arn:aws:iam::444455556666:role/team/deploy"), &["sns:*"], to),
        allow(&aws("arn:aws:iam::111122223333:root"), &["kms:*"], "*"),
        allow(
            &aws("arn:aws:iam::111122223333:role/alertctl/mission/mission-relay-role"),
            &["sns:Publish"],
            to,
        ),
        allow(&aws("AIDAEXAMPLE"), &["sns:Publish"], to),
        allow(&Value::Null, &["*"], "*"),
        json!({ "Effect": "Allow", "NotPrincipal": { "AWS": ["arn:aws:iam::111122223333:user/ann"] },
                "NotAction": ["sns:DeleteTopic"], "Resource": "*" }),
    ];
    insta::assert_snapshot!(said(&[], &statements).join("\n"), @r"
    granted allow: relay may do anything with any resource (WIDE any action, WIDE any resource)
    granted allow: anybody may publish to topic/ops (WIDE anybody)
    granted allow: anybody in this account may call sns:GetTopicAttributes on topic/ops
    granted allow: AIDAEXAMPLE may publish to topic/ops
    granted allow: relay may publish to topic/ops
    granted allow: this account (by its IAM policies) may do anything with topic/ops
    granted allow: role deploy of account 444455556666 may do anything with topic/ops (WIDE another account, WIDE any action)
    granted allow: anybody in account 444455556666 may publish to topic/ops (WIDE another account)
    granted allow: EventBridge may publish to topic/ops
    granted allow: unknown.amazonaws.com may publish to topic/ops
    granted allow: anybody but user ann may do anything but sns:DeleteTopic with topic/ops (WIDE anybody, WIDE any action)
    ");
}

#[test]
fn conditions_are_said() {
    let service = |name: &str| json!({ "Service": [format!("{name}.amazonaws.com")] });
    let to = "{sns-topic/ops}";
    let own = json!({ "aws:SourceAccount": [ACCOUNT] });
    let statements = [
        with(
            allow(&service("cloudwatch"), &["sns:Publish"], to),
            json!({
                "StringEquals": own,
                "ArnLike": { "aws:SourceArn": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:mission-cpu"] },
            }),
        ),
        with(
            allow(&service("lambda"), &["sts:AssumeRole"], "{iam-role/relay}"),
            json!({ "StringEquals": own }),
        ),
        with(
            allow(
                &service("apigateway"),
                &["lambda:InvokeFunction"],
                "{lambda-function/relay}",
            ),
            json!({ "ArnLike": { "aws:SourceArn":
                ["arn:aws:execute-api:eu-west-1:111122223333:{apigatewayv2-api/elastalert}/*/POST/elastalert"] } }),
        ),
        with(
            allow(&Value::Null, &["kms:Decrypt"], "{kms-key/main}"),
            json!({ "StringEquals": { "kms:EncryptionContext:LambdaFunctionName": ["mission-relay"] } }),
        ),
        with(
            json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::mission-trail/*" }),
            json!({ "Bool": { "aws:SecureTransport": ["false"] } }),
        ),
        with(
            allow(&Value::Null, &["sns:Publish"], to),
            json!({
                "StringNotEquals": { "aws:RequestedRegion": ["a", "b"] },
                "NumericLessThan": { "s3:max-keys": ["10"] },
            }),
        ),
    ];
    insta::assert_snapshot!(said(&[], &statements).join("\n"), @r"
    granted allow: relay may decrypt with key/main (what was encrypted for mission-relay)
    granted allow: relay may publish to topic/ops (unless aws:RequestedRegion is a or b, if s3:max-keys NumericLessThan 10)
    granted allow: API Gateway may invoke function/relay (for POST /elastalert of api/elastalert)
    granted allow: CloudWatch may publish to topic/ops (for alarm/cpu)
    granted allow: Lambda may act as role/relay (for this account)
    granted deny: anybody may do anything with bucket/trail (without TLS)
    ");
    // What is denied no longer is a wider permission, what is denied newly is none.
    let lifted = said(&statements[4..5], &[]);
    assert!(lifted[0].contains("WIDE anybody"), "{lifted:?}");
}

#[test]
fn only_what_changes_is_said() {
    let alarm = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}");
    let publish = |alarms: &[&str]| {
        let sources: Vec<_> = alarms.iter().map(|name| alarm(name)).collect();
        with(
            allow(
                &json!({ "Service": ["cloudwatch.amazonaws.com"] }),
                &["sns:Publish"],
                "{sns-topic/ops}",
            ),
            json!({ "ArnLike": { "aws:SourceArn": sources } }),
        )
    };
    assert_eq!(said(&[publish(&["a"])], &[publish(&["a"])]), [""; 0]);
    assert_eq!(
        said(&[publish(&["a", "b"])], &[publish(&["a", "mission-cpu"])]),
        [
            "granted allow: CloudWatch may publish to topic/ops (for alarm/cpu)",
            "revoked allow: CloudWatch may publish to topic/ops (for alarm b)"
        ]
    );
    // What a wider grant includes does not go with the narrow one.
    assert_eq!(
        said(&[publish(&["a", "b"])], &[publish(&["*"])]),
        ["granted allow: CloudWatch may publish to topic/ops (for alarms *)"]
    );
    let holder = |actions: &[&str]| allow(&Value::Null, actions, "{sns-topic/ops}");
    assert_eq!(
        said(&[holder(&["sns:Publish"])], &[holder(&["sns:*"])]),
        ["granted allow: relay may do anything with topic/ops (WIDE any action)"]
    );
    assert_eq!(
        said(&[holder(&["SNS:publish"])], &[holder(&["sns:Publish"])]),
        [""; 0],
        "IAM does not distinguish upper and lower case"
    );
}
