//! Random events, most of them almost right.

use super::*;

/// Keys that the readers look for, so that random JSON gets past their first checks.
const KEYS: &[&str] = &[
    "Records",
    "Sns",
    "Message",
    "Subject",
    "TopicArn",
    "Timestamp",
    "AlarmName",
    "NewStateValue",
    "OldStateValue",
    "AlarmDescription",
    "NewStateReason",
    "AlarmArn",
    "StateChangeTime",
    "Trigger",
    "Metrics",
    "MetricStat",
    "Metric",
    "MetricName",
    "Namespace",
    "Dimensions",
    "name",
    "value",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "Expression",
    "ReturnData",
    "AlarmRule",
    "TriggeringChildren",
    "Arn",
    "State",
    "Value",
    "detail-type",
    "time",
    "source",
    "account",
    "region",
    "resources",
    "detail",
    "alertctl",
    "event",
    "eventName",
    "eventSource",
    "eventID",
    "userIdentity",
    "requestParameters",
    "userName",
    "sessionContext",
    "sessionIssuer",
    "arn",
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "\n",
    "ALARM",
    "OK",
    "GreaterThanThreshold",
    "LessThanLowerThreshold",
    "<!channel>",
    "```",
    "\u{202e}",
    "arn:aws:cloudwatch:us-east-1:111122223333:alarm:x",
    "arn:::::",
    "2026-11-20T05:00:00.000+0000",
    "AWS API Call via CloudTrail",
    "aws.ec2",
    "AssumedRole",
    "arn:aws:sts::111122223333:assumed-role/r/s",
];

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        3 => ".{0,40}",
        1 => ("[<>&\n\"가a`🚨 ]{1,9}", 1..1500usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 12, |inner| {
        let key = prop_oneof![9 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => text()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..20)
                .prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

/// An alarm with hostile values in every field.
pub fn alarm() -> impl Strategy<Value = Value> {
    let metrics = prop::collection::vec((text(), text(), json()), 0..16);
    ((text(), text(), text(), text()), metrics, json(), json()).prop_map(|((a, b, c, d), metrics, x, y)| {
        let dimensions: Vec<_> = metrics.iter().map(|(n, v, _)| json!({ "name": n, "value": v })).collect();
        let queries: Vec<_> = metrics.iter().map(|(n, v, z)| json!({
            "Expression": n, "Label": v, "ReturnData": z,
            "MetricStat": { "Metric": { "MetricName": v, "Namespace": n, "Dimensions": dimensions }, "Period": z },
        })).collect();
        let children: Vec<_> = metrics.iter().map(|(n, v, _)| json!({ "Arn": n, "State": { "Value": v } })).collect();
        json!({
            "AlarmName": format!("n{a}"), "NewStateValue": format!("s{b}"), "OldStateValue": c,
            "AlarmDescription": d, "NewStateReason": c, "AlarmRule": d, "AWSAccountId": a,
            "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{a}"),
            "TriggeringChildren": children, "StateChangeTime": x,
            "Trigger": {
                "MetricName": a, "Namespace": b, "Dimensions": dimensions, "Metrics": queries, "Threshold": y,
                "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3, "Period": x,
            },
        })
    })
}

/// A CloudTrail event with hostile values in every field.
pub fn call() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "ConsoleLogin",
        "SwitchRole",
        "StopLogging",
        "RunInstances",
        "<b>",
        "x",
    ]);
    let types = prop::sample::select(vec![
        "Root",
        "IAMUser",
        "AssumedRole",
        "FederatedUser",
        "AWSService",
        "?",
    ]);
    let texts = || (text(), text(), text(), text());
    (names, types, texts(), texts(), json(), json()).prop_map(|(name, kind, (a, b, c, d), (e, f, g, h), x, y)| {
        json!({
            "detail-type": "AWS API Call via CloudTrail", "source": a, "account": b, "region": "us-east-1",
            "time": x, "resources": [c, d],
            "detail": {
                "eventName": format!("{name}{h}"), "eventSource": "cloudtrail.amazonaws.com", "eventID": g,
                "awsRegion": "us-east-1", "sourceIPAddress": f, "userAgent": e, "errorCode": d, "errorMessage": c,
                "recipientAccountId": b, "requestParameters": x, "responseElements": y,
                "additionalEventData": { "MFAUsed": a, "SwitchFrom": b },
                "resources": [{ "ARN": a }, { "ARN": b }, { "ARN": e }, { "ARN": f }],
                "userIdentity": {
                    "type": kind, "userName": a, "accountId": h, "invokedBy": g, "principalId": format!("x:{f}"),
                    "arn": format!("arn:aws:sts::111122223333:assumed-role/{c}/{d}"),
                    "sessionContext": { "sessionIssuer": { "userName": e }, "sourceIdentity": y },
                },
            },
        })
    })
}

/// An event of a service with its own layout, with every leaf replaced by a hostile value.
pub fn report() -> impl Strategy<Value = Value> {
    let reported = [
        "autoscaling-launch-failed",
        "backup-failed",
        "ec2-stopped",
        "ecs-deployment-failed",
        "ecs-task-stopped",
        "guardduty",
        "health",
        "other-event",
        "rds",
        "securityhub",
        "alarm-from-eventbridge",
        "cost-anomaly",
        "ecs-service-steady",
        "health-issue-closed",
        "health-exposed-key",
        "alarm-changed",
        "alarm-contributor",
        "autoscaling-lifecycle",
        "codebuild",
        "codecommit",
        "codepipeline-action",
        "config-compliance",
        "ecr-scan",
        "guardduty-malware",
        "inspector",
        "s3-object",
        "securityhub-ocsf",
        "step-functions",
        "trusted-advisor",
    ];
    let texts = prop::collection::vec(prop_oneof![3 => text().prop_map(Value::from), 1 => json()], 1..12);
    (prop::sample::select(reported.to_vec()), texts).prop_map(|(name, texts)| {
        let mut event = fixture(name);
        let mut texts = texts.iter().cycle();
        replace(&mut event["detail"], &mut texts);
        replace(&mut event["resources"], &mut texts);
        event
    })
}

/// Replaces leaves as long as there are replacements.
pub(super) fn replace<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, texts)),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, texts)),
        leaf => {
            let text = texts.next().filter(|text| **text != "");
            if let Some(text) = text {
                *leaf = text.clone();
            }
        }
    }
}
