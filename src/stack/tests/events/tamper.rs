//! Changes to the stack itself, and to what is only named.

use super::*;

#[test]
fn changes_to_the_stack_itself() {
    let pattern = pattern_of("preset: stack-changes");
    let arn =
        |service: &str, resource: &str| format!("arn:aws:{service}:ap-northeast-2:111122223333:{resource}");
    for (service, name, parameters) in [
        (
            "lambda",
            "UpdateFunctionCode20150331v2",
            json!({ "functionName": "mission-relay" }),
        ),
        (
            "lambda",
            "DeleteFunction20150331",
            json!({ "functionName": arn("lambda", "function:mission-relay") }),
        ),
        (
            "sns",
            "DeleteTopic",
            json!({ "topicArn": arn("sns", "mission-alerts") }),
        ),
        (
            "sns",
            "Unsubscribe",
            json!({ "subscriptionArn": arn("sns", "mission-alerts:1-2-3") }),
        ),
        (
            "sqs",
            "DeleteQueue",
            json!({ "queueUrl": "https://sqs.ap-northeast-2.amazonaws.com/111122223333/mission-relay-dead-letters" }),
        ),
        (
            "iam",
            "DeleteRolePolicy",
            json!({ "roleName": "mission-relay-role" }),
        ),
        (
            "logs",
            "DeleteLogGroup",
            json!({ "logGroupName": "/aws/lambda/mission-relay" }),
        ),
        ("events", "DisableRule", json!({ "name": "mission-r" })),
        ("events", "RemoveTargets", json!({ "rule": "mission-r" })),
        (
            "monitoring",
            "DisableAlarmActions",
            json!({ "alarmNames": ["other", "mission-cpu"] }),
        ),
        (
            "cloudtrail",
            "StopLogging",
            json!({ "name": arn("cloudtrail", "trail/mission-trail") }),
        ),
        (
            "s3",
            "DeleteBucketPolicy",
            json!({ "bucketName": "mission-trail-111122223333" }),
        ),
        ("kms", "DeleteAlias", json!({ "aliasName": "alias/mission-key" })),
        // Log groups with other prefixes: the trail's, an endpoint's.
        (
            "logs",
            "DeleteLogGroup",
            json!({ "logGroupName": "/alertctl/mission/trail" }),
        ),
        (
            "logs",
            "PutRetentionPolicy",
            json!({ "logGroupName": "/aws/vendedlogs/alertctl/mission/hook" }),
        ),
        // A filter of the stack on a log group that it does not own.
        (
            "logs",
            "DeleteMetricFilter",
            json!({ "logGroupName": "/app/shop", "filterName": "alertctl-mission.errors" }),
        ),
    ] {
        assert!(
            matches(&pattern, &call(service, name, user(), parameters)),
            "{name}"
        );
    }
}

#[test]
fn what_is_no_change_to_the_stack() {
    let pattern = pattern_of("preset: stack-changes");
    for (service, name, parameters) in [
        (
            "lambda",
            "DeleteFunction20150331",
            json!({ "functionName": "permission-relay" }),
        ),
        (
            "sns",
            "DeleteTopic",
            json!({ "topicArn": "arn:aws:sns:ap-northeast-2:111122223333:submission-alerts" }),
        ),
        ("iam", "DeleteRolePolicy", json!(null)),
        ("ec2", "CreateSecurityGroup", json!({ "name": "mission-x" })),
        (
            "logs",
            "DeleteLogGroup",
            json!({ "logGroupName": "/alertctl/mission2/trail" }),
        ),
        // No changes: Lambda creates a log stream for each instance of a function, people and `alertctl logs`
        // read.
        (
            "logs",
            "CreateLogStream",
            json!({ "logGroupName": "/aws/lambda/mission-relay" }),
        ),
        (
            "logs",
            "FilterLogEvents",
            json!({ "logGroupName": "/aws/lambda/mission-relay" }),
        ),
        (
            "logs",
            "StartQuery",
            json!({ "logGroupName": "/alertctl/mission/trail" }),
        ),
    ] {
        assert!(
            !matches(&pattern, &call(service, name, user(), parameters)),
            "{name}"
        );
    }
    assert_eq!(
        pattern_of("preset: stack-changes, except: { event_name: [DeleteAlarms] }")["detail"]["eventName"],
        json!([{ "anything-but": [
            "CreateLogStream", "FilterLogEvents", "StartQuery", "TagRole", "UntagRole", "DeleteAlarms",
        ] }])
    );
}

/// An event source mapping is identified by an id; the response names the function.
#[test]
fn a_change_to_an_event_source_mapping() {
    let pattern = pattern_of("preset: stack-changes");
    let mut unmapped = call(
        "lambda",
        "DeleteEventSourceMapping20150331",
        user(),
        json!({ "uUID": "1-2" }),
    );
    assert!(!matches(&pattern, &unmapped));
    unmapped["detail"]["responseElements"] =
        json!({ "functionArn": "arn:aws:lambda:ap-northeast-2:111122223333:function:mission-relay" });
    assert!(matches(&pattern, &unmapped));
}

/// Resources whose names are set in the file.
#[test]
fn changes_to_what_has_a_name_of_its_own() {
    let arn =
        |service: &str, resource: &str| format!("arn:aws:{service}:ap-northeast-2:111122223333:{resource}");
    let text = GOOD
        .replace("to: [project] }", "name: pager, to: [project] }")
        .replace("cpu: { ", "cpu: { name: hot, ")
        .replace(
            "alarms:\n",
            "alarms:\n  cis: { preset: cis-aws-foundations, name: bench, to: [alerts] }\n",
        );
    let stack = good(&format!(
        "{text}key: {{ alias: safe }}\nrelay: {{ name: bell }}\nbuses:\n  b: {{ name: coach, forward: [aws.ec2] }}\n\
         trail: {{ name: watch, bucket: 'kept-{{account}}-here', logs: {{ group: /audit/all }}, guard: {{ name: warden }}, to: [alerts] }}\n\
         rules:\n  r: {{ preset: stack-changes, to: [project] }}\n  \
         s: {{ name: calls, services: {{ acm: all }}, to: [project] }}\n  \
         t: {{ name: turns, preset: ec2-life-cycle, bus: b, to: [project] }}\n"
    ))
    .stack;
    let pattern = &stack.compiled_rules("us-east-1")[0].pattern;
    let length = pattern.to_string().len();
    assert!(length <= 2048, "{length}");
    for (service, parameters) in [
        ("lambda", json!({ "functionName": "bell" })),
        (
            "lambda",
            json!({ "functionName": arn("lambda", "function:bell") }),
        ),
        ("sns", json!({ "topicArn": arn("sns", "pager") })),
        ("monitoring", json!({ "alarmNames": ["hot"] })),
        ("monitoring", json!({ "alarmNames": ["bench-vpc-changes"] })),
        ("sns", json!({ "name": "pager" })),
        ("sns", json!({ "subscriptionArn": arn("sns", "pager:1-2-3") })),
        ("kms", json!({ "aliasName": "alias/safe" })),
        ("iam", json!({ "roleName": "bell-role" })),
        (
            "sqs",
            json!({ "queueUrl": "https://sqs.eu-west-1.amazonaws.com/1/warden-dead-letters" }),
        ),
        ("logs", json!({ "logGroupName": "/aws/lambda/bell" })),
        ("logs", json!({ "logGroupName": "/audit/all" })),
        ("s3", json!({ "bucketName": "kept-111122223333-here" })),
        ("events", json!({ "name": "coach" })),
        ("events", json!({ "rule": "calls-acm" })),
        ("events", json!({ "rule": "turns", "eventBusName": "coach" })),
        ("cloudtrail", json!({ "name": "watch" })),
        (
            "cloudtrail",
            json!({ "trailName": arn("cloudtrail", "trail/watch") }),
        ),
    ] {
        assert!(
            matches(pattern, &call(service, "Delete", user(), parameters.clone())),
            "{parameters}"
        );
    }
    for (service, parameters) in [
        ("lambda", json!({ "functionName": "doorbell" })),
        ("kms", json!({ "aliasName": "alias/safer" })),
        ("iam", json!({ "roleName": "belle" })),
        ("s3", json!({ "bucketName": "kept" })),
        ("cloudtrail", json!({ "name": "nightwatch" })),
    ] {
        assert!(
            !matches(pattern, &call(service, "Delete", user(), parameters.clone())),
            "{parameters}"
        );
    }
}
