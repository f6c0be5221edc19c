//! Tests compiled patterns against events, with a matcher that does what EventBridge documents.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::*;
use crate::stack::compile::events::{regions, services};

/// Whether an event matches a pattern.
fn matches(pattern: &Value, event: &Value) -> bool {
    let fields = pattern.as_object().expect("an object");
    fields.iter().all(|(field, wanted)| {
        let found = event.get(field);
        match wanted {
            Value::Array(branches) if field == "$or" => branches.iter().any(|branch| matches(branch, event)),
            Value::Array(conditions) => conditions.iter().any(|condition| holds(condition, found)),
            // A list of objects matches if any of them does.
            inner if found.is_some_and(|found| found.is_array()) => {
                let items = found.and_then(Value::as_array).into_iter().flatten();
                items.into_iter().any(|item| matches(inner, item))
            }
            // A field of an absent object is absent.
            inner => matches(inner, found.unwrap_or(&json!({}))),
        }
    })
}

/// A list in an event matches if any of its values does.
fn holds(condition: &Value, found: Option<&Value>) -> bool {
    if let Some(exists) = condition.get("exists") {
        let is_leaf = found.is_some_and(|value| !value.is_object());
        return is_leaf == exists.as_bool().expect("a boolean");
    }
    match found {
        Some(Value::Array(values)) => values.iter().any(|value| compares(condition, value)),
        Some(value) => compares(condition, value),
        None => false,
    }
}

fn compares(condition: &Value, value: &Value) -> bool {
    let Some(operator) = condition.as_object() else {
        return condition == value;
    };
    let (name, operand) = operator.iter().next().expect("an operator");
    let text = value.as_str().unwrap_or_default();
    let one_or_more = |operand: &Value| match operand {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let of_text = |fits: &dyn Fn(&str) -> bool| value.is_string() && operand.as_str().is_some_and(fits);
    match name.as_str() {
        "prefix" => of_text(&|operand| text.starts_with(operand)),
        "suffix" => of_text(&|operand| text.ends_with(operand)),
        "wildcard" => of_text(&|operand| like(text, operand)),
        "equals-ignore-case" => of_text(&|operand| text.eq_ignore_ascii_case(operand)),
        "cidr" => text.parse::<IpAddr>().is_ok(),
        "anything-but" => match operand.as_object() {
            Some(inner) => {
                let (name, operands) = inner.iter().next().expect("an operator");
                value.is_string()
                    && one_or_more(operands)
                        .iter()
                        .all(|one| !compares(&json!({ name: one }), value))
            }
            None => !value.is_object() && !one_or_more(operand).contains(value),
        },
        other => panic!("no operator {other}"),
    }
}

/// `*` stands for any text, `\*` for a star.
fn like(text: &str, wildcard: &str) -> bool {
    match wildcard.chars().next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| like(&text[at..], &wildcard[1..])),
        Some('\\') => text.starts_with(&wildcard[1..2]) && like(&text[1..], &wildcard[2..]),
        Some(character) => text
            .strip_prefix(character)
            .is_some_and(|rest| like(rest, &wildcard[character.len_utf8()..])),
    }
}

/// The only compiled rule of a stack with this rule.
fn pattern_of(rule: &str) -> Value {
    let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
    let mut compiled = stack.compiled_rules("ap-northeast-2");
    assert_eq!(compiled.len(), 1);
    let pattern = compiled.remove(0).pattern;
    assert!(pattern.to_string().len() <= 2048);
    pattern
}

fn regions_of(rule: &str, home: &str) -> Vec<String> {
    let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
    stack.compiled_rules(home)[0].regions.clone()
}

fn call(service: &str, name: &str, identity: Value, parameters: Value) -> Value {
    json!({
        "source": format!("aws.{service}"),
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name,
            "userIdentity": identity,
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "aws-cli/2",
            "requestParameters": parameters,
            "managementEvent": true,
        },
    })
}

/// An event of a service itself.
fn service_event(service: &str, name: &str) -> Value {
    let mut event = call(
        service,
        name,
        json!({ "invokedBy": format!("{service}.amazonaws.com") }),
        json!(null),
    );
    event["detail-type"] = "AWS Service Event via CloudTrail".into();
    event
}

/// A call that a trail logs as a data event.
fn data_event(service: &str, name: &str, parameters: Value) -> Value {
    let mut event = call(service, name, user(), parameters);
    event["detail"]["managementEvent"] = false.into();
    event
}

fn user() -> Value {
    json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/kim", "userName": "kim" })
}

fn sign_in(detail_type: &str, name: &str, identity: Value) -> Value {
    json!({
        "source": "aws.signin",
        "detail-type": detail_type,
        "detail": { "eventSource": "signin.amazonaws.com", "eventName": name, "userIdentity": identity },
    })
}

#[test]
fn sign_ins_of_every_kind() {
    let pattern = pattern_of("preset: console-sign-in");
    let spellings = [
        "AWS Console Sign In via CloudTrail",
        "AWS Console Signin via CloudTrail",
    ];
    for detail_type in spellings {
        for identity in [
            json!({ "type": "Root", "arn": "arn:aws:iam::111122223333:root" }),
            user(),
            // A failed sign-in has no ARN.
            json!({ "type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accessKeyId": "" }),
            json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/a/b" }),
        ] {
            assert!(matches(&pattern, &sign_in(detail_type, "ConsoleLogin", identity)));
        }
        assert!(matches(&pattern, &sign_in(detail_type, "SwitchRole", user())));
        assert!(!matches(&pattern, &sign_in(detail_type, "CheckMfa", user())));
    }
    let portal = json!({ "type": "IdentityCenterUser", "onBehalfOf": { "userId": "1" } });
    assert!(matches(
        &pattern,
        &sign_in("AWS Service Event via CloudTrail", "UserAuthentication", portal)
    ));
    assert!(!matches(
        &pattern,
        &call("ec2", "RunInstances", user(), json!({}))
    ));
}

#[test]
fn root_is_what_root_does_itself() {
    let pattern = pattern_of("preset: root-activity");
    let root = json!({ "type": "Root", "arn": "arn:aws:iam::111122223333:root" });
    assert!(matches(
        &pattern,
        &call("s3", "CreateBucket", root.clone(), json!({}))
    ));
    assert!(matches(
        &pattern,
        &sign_in("AWS Console Sign In via CloudTrail", "PasswordUpdated", root)
    ));
    let by_service = json!({ "type": "Root", "invokedBy": "ssm.amazonaws.com" });
    assert!(!matches(
        &pattern,
        &call("ec2", "RunInstances", by_service, json!({}))
    ));
    assert!(!matches(&pattern, &call("s3", "CreateBucket", user(), json!({}))));
}

#[test]
fn changes_only() {
    let pattern = pattern_of("preset: iam-changes");
    for name in [
        "CreateUser",
        "PutRolePolicy",
        "DeactivateMFADevice",
        "UpdateLoginProfile",
    ] {
        assert!(matches(&pattern, &call("iam", name, user(), json!({}))), "{name}");
    }
    for name in [
        "ListUsers",
        "GetRole",
        "GenerateCredentialReport",
        "SimulatePrincipalPolicy",
    ] {
        assert!(
            !matches(&pattern, &call("iam", name, user(), json!({}))),
            "{name}"
        );
    }
    // A run of this tool marks that it is active with its own tag.
    let tags = |keys: &[&str]| {
        let tag = |key: &&str| json!({ "key": key, "value": "v" });
        json!({ "roleName": "r", "tags": keys.iter().map(tag).collect::<Vec<_>>() })
    };
    for (name, parameters, shown) in [
        ("TagRole", tags(&["alertctl:run.0123abcd"]), false),
        ("TagRole", tags(&["team"]), true),
        (
            "CreateRole",
            tags(&["alertctl:run.0123abcd", "alertctl:stack"]),
            true,
        ),
        (
            "UntagRole",
            json!({ "tagKeys": ["alertctl:run.0123abcd"] }),
            false,
        ),
        ("UntagRole", json!({ "tagKeys": ["team"] }), true),
    ] {
        let event = call("iam", name, user(), parameters);
        assert_eq!(matches(&pattern, &event), shown, "{event}");
    }
    let excepted = pattern_of("preset: iam-changes, except: { event_name: [CreateUser] }");
    assert!(!matches(&excepted, &call("iam", "CreateUser", user(), json!({}))));
    assert!(!matches(&excepted, &call("iam", "ListUsers", user(), json!({}))));
    assert!(matches(&excepted, &call("iam", "DeleteUser", user(), json!({}))));
}

#[test]
fn presets_by_call() {
    for (preset, service, yes, no) in [
        (
            "security-group-changes",
            "ec2",
            "AuthorizeSecurityGroupIngress",
            "RunInstances",
        ),
        (
            "s3-policy-changes",
            "s3",
            "PutBucketPublicAccessBlock",
            "CreateBucket",
        ),
        ("rds-life-cycle", "rds", "StopDBInstance", "AddTagsToResource"),
        ("kms-key-disabled", "kms", "ScheduleKeyDeletion", "Encrypt"),
        (
            "cloudtrail-tampering",
            "cloudtrail",
            "StopLogging",
            "StartLogging",
        ),
    ] {
        let pattern = pattern_of(&format!("preset: {preset}"));
        assert!(
            matches(&pattern, &call(service, yes, user(), json!({}))),
            "{preset}"
        );
        assert!(
            !matches(&pattern, &call(service, no, user(), json!({}))),
            "{preset}"
        );
        assert!(
            !matches(&pattern, &call("sns", yes, user(), json!({}))),
            "{preset}"
        );
    }
    let state = json!({
        "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification",
        "detail": { "instance-id": "i-1", "state": "stopped" },
    });
    assert!(matches(&pattern_of("preset: ec2-life-cycle"), &state));
}

/// Events of a service itself match like calls: nobody calls `DeleteKey`.
#[test]
fn service_events() {
    for (rule, service, name) in [
        ("services: { kms: [DeleteKey] }", "kms", "DeleteKey"),
        ("services: { kms: all }", "kms", "RotateKey"),
        (
            "services: { secretsmanager: [RotationFailed] }",
            "secretsmanager",
            "RotationFailed",
        ),
        (
            "services: { secretsmanager: all }",
            "secretsmanager",
            "SecretVersionDeletion",
        ),
        ("services: { sso: [Authenticate] }", "sso", "Authenticate"),
        ("preset: kms-key-disabled", "kms", "DeleteKey"),
    ] {
        assert!(
            matches(&pattern_of(rule), &service_event(service, name)),
            "{rule}"
        );
    }
    // Older records do not say whether they are management events.
    let mut old = service_event("kms", "RotateKey");
    old["detail"]
        .as_object_mut()
        .expect("an object")
        .remove("managementEvent");
    assert!(matches(&pattern_of("services: { kms: all }"), &old));
}

/// The reaction to a data event may cause the next one.
#[test]
fn data_events_are_heard_by_name_only() {
    let invoked = |function: &str| data_event("lambda", "Invoke", json!({ "functionName": function }));
    let relay = invoked("arn:aws:lambda:ap-northeast-2:111122223333:function:mission-relay");
    assert!(!matches(&pattern_of("preset: stack-changes"), &relay));
    assert!(!matches(&pattern_of("services: { lambda: all }"), &relay));
    let put = data_event(
        "s3",
        "PutObject",
        json!({ "bucketName": "mission-trail-111122223333" }),
    );
    assert!(!matches(&pattern_of("preset: stack-changes"), &put));
    assert!(!matches(&pattern_of("services: { s3: all }"), &put));
    assert!(matches(&pattern_of("services: { s3: [PutObject] }"), &put));
}

/// The presets contain the calls that the CIS benchmark counts. The benchmark also counts creating or starting
/// a trail, which is not tampering.
#[test]
fn presets_hold_the_benchmark_s_calls() {
    let text = GOOD.replace(
        "alarms:\n",
        "trail: { to: [alerts] }\nalarms:\n  cis: { preset: cis-aws-foundations, to: [alerts] }\n",
    );
    let alarms = good(&text).stack.alarms_expanded();
    for (control, preset, service) in [
        ("iam-policy-changes", "iam-changes", "iam"),
        ("cloudtrail-changes", "cloudtrail-tampering", "cloudtrail"),
        ("cmk-disabled-or-deleted", "kms-key-disabled", "kms"),
        ("s3-bucket-policy-changes", "s3-policy-changes", "s3"),
        ("security-group-changes", "security-group-changes", "ec2"),
    ] {
        let filter = alarms[&format!("cis-{control}")]
            .filter
            .as_ref()
            .expect("a filter");
        let names: Vec<_> = filter
            .pattern
            .split("$.eventName=")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap_or_default())
            .filter(|name| !["CreateTrail", "StartLogging"].contains(name))
            .collect();
        assert!(names.len() > 1, "{control}: {names:?}");
        let pattern = pattern_of(&format!("preset: {preset}"));
        for name in names {
            assert!(
                matches(&pattern, &call(service, name, user(), json!({}))),
                "{preset}: {name}"
            );
        }
    }
}

/// CloudTrail knows the names in the presets.
#[test]
fn presets_name_known_calls() {
    for preset in [
        "security-group-changes",
        "s3-policy-changes",
        "rds-life-cycle",
        "kms-key-disabled",
        "cloudtrail-tampering",
    ] {
        let pattern = pattern_of(&format!("preset: {preset}"));
        let service = pattern["source"][0]
            .as_str()
            .and_then(|source| source.strip_prefix("aws."))
            .expect("a service");
        let known = services::known_calls(service).expect("a known service");
        for name in pattern["detail"]["eventName"].as_array().expect("names") {
            assert!(
                known.contains(&name.as_str().expect("a name")),
                "{preset}: {name}"
            );
        }
    }
}

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
    for (service, name, parameters) in [
        (
            "lambda",
            "DeleteFunction20150331",
            json!({ "functionName": "permission-relay" }),
        ),
        (
            "sns",
            "DeleteTopic",
            json!({ "topicArn": arn("sns", "submission-alerts") }),
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
    // An event source mapping is identified by an id; the response names the function.
    let mut unmapped = call(
        "lambda",
        "DeleteEventSourceMapping20150331",
        user(),
        json!({ "uUID": "1-2" }),
    );
    assert!(!matches(&pattern, &unmapped));
    unmapped["detail"]["responseElements"] =
        json!({ "functionArn": arn("lambda", "function:mission-relay") });
    assert!(matches(&pattern, &unmapped));
    assert_eq!(
        pattern_of("preset: stack-changes, except: { event_name: [DeleteAlarms] }")["detail"]["eventName"],
        json!([{ "anything-but": [
            "CreateLogStream", "FilterLogEvents", "StartQuery", "TagRole", "UntagRole", "DeleteAlarms",
        ] }])
    );
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

#[test]
fn services_by_their_own_names() {
    let pattern = pattern_of("services: { cloudwatch: [PutMetricAlarm] }");
    assert!(matches(
        &pattern,
        &call("monitoring", "PutMetricAlarm", user(), json!({}))
    ));
    assert!(!matches(
        &pattern,
        &call("monitoring", "DeleteAlarms", user(), json!({}))
    ));
    let all = pattern_of("services: { acm: all }");
    assert!(matches(
        &all,
        &call("acm", "DeleteCertificate", user(), json!({}))
    ));
    // Common names, and services with two names.
    for (written, source) in [
        ("mwaa", "airflow"),
        ("prometheus", "aps"),
        ("mq", "amazonmq"),
        ("cost-explorer", "ce"),
        ("service-quotas", "servicequotas"),
        ("application-autoscaling", "autoscaling"),
        ("pinpoint", "mobiletargeting"),
        ("pinpoint", "pinpoint"),
        ("inspector", "inspector2"),
        ("macie", "macie2"),
        ("rds-data", "rdsdata"),
    ] {
        let pattern = pattern_of(&format!("services: {{ {written}: all }}"));
        assert!(
            matches(&pattern, &call(source, "Change", user(), json!({}))),
            "{written}"
        );
    }
    let console = pattern_of("services: { signin: all }");
    assert!(matches(
        &console,
        &sign_in("AWS Console Sign In via CloudTrail", "CheckMfa", user())
    ));
}

/// The names of Lambda's events end in the date of their API.
#[test]
fn dated_calls() {
    let pattern = pattern_of("services: { lambda: [CreateFunction, UpdateFunctionCode20150331v2] }");
    let happens = |pattern: &Value, name: &str| matches(pattern, &call("lambda", name, user(), json!({})));
    assert!(happens(&pattern, "CreateFunction20150331"));
    assert!(happens(&pattern, "CreateFunction"));
    assert!(happens(&pattern, "UpdateFunctionCode20150331v2"));
    assert!(!happens(&pattern, "CreateFunctionUrlConfig"));
    let pattern = pattern_of("services: { lambda: all }, except: { event_name: [CreateFunction] }");
    assert!(!happens(&pattern, "CreateFunction20150331"));
    assert!(happens(&pattern, "CreateFunctionUrlConfig"));
    let pattern = pattern_of(
        "services: { lambda: [CreateFunction, DeleteFunction] }, except: { event_name: [Create*] }",
    );
    assert!(!happens(&pattern, "CreateFunction20150331"));
    assert!(happens(&pattern, "DeleteFunction20150331"));
}

#[test]
fn exceptions() {
    let by = |arn: &str| {
        call(
            "acm",
            "DeleteCertificate",
            json!({ "type": "AssumedRole", "arn": arn }),
            json!({}),
        )
    };
    let role = "arn:aws:sts::111122223333:assumed-role/deploy/ci";
    for (except, excepted) in [
        (
            "principal_arn: ['arn:aws:sts::111122223333:assumed-role/deploy/ci']",
            true,
        ),
        (
            "principal_arn: ['arn:aws:sts::111122223333:assumed-role/deploy/*', 'arn:aws:iam::1*']",
            true,
        ),
        (
            "principal_arn: ['arn:aws:sts::*:assumed-role/deploy/*', 'arn:aws:iam::111122223333:user/ci']",
            true,
        ),
        ("principal_arn: ['arn:aws:sts::*:assumed-role/other/*']", false),
        ("user_agent: [aws-cli/*]", true),
        ("user_agent: [Terraform]", false),
        ("source_ip: [203.0.113.7]", true),
        ("source_ip: ['203.0.114.*']", false),
        ("event_name: [Delete*]", true),
        ("event_name: [RequestCertificate]", false),
        ("source_ip: [203.0.113.7], event_name: [RequestCertificate]", true),
    ] {
        let pattern = pattern_of(&format!("services: {{ acm: all }}, except: {{ {except} }}"));
        assert_eq!(matches(&pattern, &by(role)), !excepted, "{except}");
    }
    // An event without the field still matches.
    let pattern =
        pattern_of("preset: console-sign-in, except: { principal_arn: ['arn:*'], user_agent: [x] }");
    let failed = json!({ "type": "IAMUser", "accessKeyId": "" });
    assert!(matches(
        &pattern,
        &sign_in("AWS Console Sign In via CloudTrail", "ConsoleLogin", failed)
    ));
    assert!(!matches(
        &pattern,
        &sign_in("AWS Console Sign In via CloudTrail", "ConsoleLogin", user())
    ));
}

#[test]
fn exceptions_in_patterns_that_say_something_already() {
    let pattern = pattern_of(
        "pattern: { source: [aws.s3], detail: { eventName: [A, B] } }, except: { event_name: [B], source_ip: [203.0.113.7] }",
    );
    assert_eq!(pattern["detail"]["eventName"], json!(["A"]));
    let raw =
        "pattern: { detail: { $or: [{ eventName: [A] }, { awsRegion: [x] }] } }, except: { user_agent: [x] }";
    let pattern = pattern_of(raw);
    let event = |name: &str, agent: &str| json!({ "detail": { "eventName": name, "userAgent": agent } });
    assert!(matches(&pattern, &event("A", "y")));
    assert!(!matches(&pattern, &event("A", "x")));
}

#[test]
fn regions_besides_home() {
    let seoul = "ap-northeast-2";
    let sign_ins = ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];
    assert_eq!(regions_of("preset: console-sign-in", seoul), sign_ins);
    assert_eq!(regions_of("preset: console-sign-in", "us-east-1"), sign_ins[1..]);
    assert_eq!(
        regions_of("preset: root-activity", "eu-north-1"),
        ["us-east-1", "us-east-2", "ap-southeast-2"]
    );
    assert_eq!(regions_of("preset: iam-changes", seoul), ["us-east-1"]);
    assert_eq!(
        regions_of("preset: security-group-changes", seoul),
        Vec::<String>::new()
    );
    assert_eq!(regions_of("services: { route53: all }", seoul), ["us-east-1"]);
    assert_eq!(
        regions_of("services: { iam: all }, regions: [eu-west-1, us-east-1]", seoul),
        ["us-east-1", "eu-west-1"]
    );
    assert_eq!(
        regions_of("services: { acm: all }, regions: [eu-west-1]", "eu-west-1"),
        Vec::<String>::new()
    );
    assert_eq!(regions_of("services: { signin: all }", seoul), sign_ins);
    assert_eq!(
        regions_of("services: { globalaccelerator: all }", seoul),
        ["us-east-1", "us-west-2"]
    );
    assert_eq!(
        regions_of("pattern: { source: [aws.s3] }, regions: [us-west-2]", seoul),
        ["us-west-2"]
    );
    assert_eq!(
        regions_of("preset: console-sign-in", "cn-northwest-1"),
        ["cn-north-1"]
    );
    assert_eq!(
        regions_of("preset: iam-changes", "us-gov-east-1"),
        ["us-gov-west-1"]
    );
    assert_eq!(
        regions_of("preset: iam-changes", "us-gov-west-1"),
        Vec::<String>::new()
    );
    assert_eq!(
        regions_of("services: { networkmanager: all }", seoul),
        ["us-west-2"]
    );
    assert_eq!(
        regions_of("services: { trustedadvisor: all }", seoul),
        ["us-east-1"]
    );
    assert_eq!(regions_of("services: { ecr-public: all }", seoul), ["us-east-1"]);
    // In China, IAM and the other global services are in different regions.
    for (service, home, logged) in [
        ("route53", "cn-north-1", "cn-northwest-1"),
        ("organizations", "cn-north-1", "cn-northwest-1"),
        ("iam", "cn-northwest-1", "cn-north-1"),
        ("support", "cn-northwest-1", "cn-north-1"),
    ] {
        assert_eq!(
            regions_of(&format!("services: {{ {service}: all }}"), home),
            [logged]
        );
    }
    for rule in [
        "preset: iam-changes",
        "preset: console-sign-in",
        "services: { route53: all, sts: all }",
    ] {
        assert_eq!(regions_of(rule, "eusc-de-east-1"), Vec::<String>::new(), "{rule}");
    }
    assert_eq!(
        regions_of("services: { sts: all }", "us-gov-east-1"),
        Vec::<String>::new()
    );
    assert_eq!(regions::of_global("ecs", seoul), Vec::<&str>::new());
    let on_a_bus = format!(
        "{GOOD}buses: {{ b: {{ forward: [aws.iam] }} }}\nrules:\n  r: {{ preset: iam-changes, bus: b, to: [project] }}\n"
    );
    assert_eq!(
        good(&on_a_bus).stack.compiled_rules(seoul)[0].regions,
        Vec::<String>::new()
    );
}

/// The bundled stack with every feature reports an event to a channel only once.
#[test]
fn one_event_is_one_message() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/full.yaml"));
    let stack = load(path).expect("a stack").stack;
    let compiled = stack.compiled_rules("ap-northeast-2");
    let shown = |event: &Value| -> Vec<&str> {
        let of_security = compiled
            .iter()
            .filter(|rule| rule.rule.to.iter().any(|to| to == "security"));
        let matching = of_security.filter(|rule| matches(&rule.pattern, event));
        matching.map(|rule| rule.key.as_str()).collect()
    };
    let root = || json!({ "type": "Root", "arn": "arn:aws:iam::111122223333:root" });
    let signs_in = |identity| sign_in("AWS Console Sign In via CloudTrail", "ConsoleLogin", identity);
    assert_eq!(shown(&signs_in(root())), ["root"]);
    assert_eq!(shown(&signs_in(user())), ["logins"]);
    // A failed sign-in may have no known user.
    assert_eq!(
        shown(&signs_in(json!({ "type": "IAMUser", "accessKeyId": "" }))),
        ["logins"]
    );
    let topic = json!({ "topicArn": "arn:aws:sns:ap-northeast-2:111122223333:full-alerts" });
    assert_eq!(
        shown(&call("sns", "DeleteTopic", root(), topic.clone())),
        ["root"]
    );
    assert_eq!(shown(&call("sns", "DeleteTopic", user(), topic)), ["own"]);
    let trail = json!({ "name": "full-trail" });
    assert_eq!(
        shown(&call("cloudtrail", "StopLogging", user(), trail.clone())),
        ["tampering"]
    );
    assert_eq!(shown(&call("cloudtrail", "StartLogging", user(), trail)), ["own"]);
}

/// A trail can only be changed and stopped in its home region.
#[test]
fn where_a_trail_is_at_home() {
    let trail =
        "trail: { existing: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/company', keep_logging: false }";
    for rule in [
        "preset: cloudtrail-tampering",
        "services: { cloudtrail: [StopLogging] }",
    ] {
        let text = format!("{GOOD}{trail}\nrules:\n  r: {{ {rule}, to: [project] }}\n");
        let stack = good(&text).stack;
        assert_eq!(
            stack.compiled_rules("ap-northeast-2")[0].regions,
            ["eu-west-1"],
            "{rule}"
        );
        assert_eq!(stack.compiled_rules("eu-west-1")[0].regions, Vec::<String>::new());
        assert_eq!(regions_of(rule, "ap-northeast-2"), Vec::<String>::new());
    }
}

/// The rules and queues of a stack can be turned off in every region that has some.
#[test]
fn changes_are_heard_wherever_the_stack_is() {
    let regions = |rest: &str| {
        let text = format!("{GOOD}rules:\n  a: {{ preset: stack-changes, to: [project] }}\n{rest}");
        good(&text).stack.compiled_rules("ap-northeast-2")[0]
            .regions
            .clone()
    };
    assert_eq!(regions(""), ["us-east-1"]);
    assert_eq!(
        regions("  b: { preset: console-sign-in, to: [project] }\n"),
        ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"]
    );
    assert_eq!(
        regions(
            "  b: { services: { networkmanager: all, acm: all }, regions: [us-west-1], to: [project] }\n"
        ),
        ["us-east-1", "us-west-2", "us-west-1"]
    );
    let guard =
        "trail: { existing: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/company', to: [alerts] }\n";
    assert_eq!(regions(guard), ["us-east-1", "eu-west-1"]);
    let alarm = "  far: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', \
                 region: eu-west-3, to: [alerts] }\n";
    let text = GOOD.replace("alarms:\n", &format!("alarms:\n{alarm}"));
    let text = format!("{text}rules:\n  a: {{ preset: stack-changes, to: [project] }}\n");
    assert_eq!(
        good(&text).stack.compiled_rules("ap-northeast-2")[0].regions,
        ["us-east-1", "eu-west-3"]
    );
}

/// A rule that would need events EventBridge does not forward is reported before anything is created, wherever
/// the region is set.
#[test]
fn borders_that_no_event_crosses() {
    let deaf = |rule: &str, home: &str| {
        let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
        let deaf = stack.deaf(home).into_iter();
        deaf.map(|deaf| format!("{}; {}", deaf.message, deaf.help))
            .collect::<Vec<_>>()
    };
    for home in ["ap-northeast-2", "us-gov-west-1", "eusc-de-east-1", "cn-north-1"] {
        assert_eq!(
            deaf("preset: console-sign-in", home),
            Vec::<String>::new(),
            "{home}"
        );
        assert_eq!(
            deaf("preset: stack-changes", home),
            Vec::<String>::new(),
            "{home}"
        );
    }
    assert_eq!(
        deaf("preset: iam-changes", "us-gov-east-1"),
        [
            "the rule `r` needs events of us-gov-west-1, and EventBridge forwards none between the regions \
             of AWS GovCloud (US); move it to a stack of its own with `region: us-gov-west-1`"
        ]
    );
    assert_eq!(
        deaf("services: { route53: all, iam: all }", "cn-north-1"),
        [
            "the rule `r` needs events of cn-northwest-1, and EventBridge forwards none between the regions \
             of AWS in China; move it to a stack of its own with `region: cn-northwest-1`"
        ]
    );
    assert_eq!(
        deaf(
            "preset: ec2-life-cycle, regions: [eu-central-1]",
            "eusc-de-east-1"
        ),
        [
            "the rule `r` cannot receive events of eu-central-1 in eusc-de-east-1; eusc-de-east-1 belongs to \
             the AWS European Sovereign Cloud: no event leaves it; create a stack there"
        ]
    );
}

#[test]
fn who_needs_a_trail() {
    let needs = |rule: &str| {
        let stack = good(&format!("{GOOD}rules:\n  r: {{ {rule}, to: [project] }}\n")).stack;
        stack.compiled_rules("us-east-1")[0].needs_trail()
    };
    assert!(needs("preset: console-sign-in"));
    assert!(needs("services: { acm: all }"));
    assert!(needs(
        "pattern: { $or: [{ detail-type: [AWS API Call via CloudTrail] }, { source: [a] }] }"
    ));
    assert!(!needs("preset: ec2-life-cycle"));
    assert!(!needs("pattern: { source: [aws.ec2] }"));
}

/// The stack of the audit guide: every pattern is within AWS's limit, every name is distinct.
#[test]
fn the_longest_presets_fit() {
    let long = "a".repeat(39);
    let text = GOOD.replace("mission", &long) + "rules:\n  r: { preset: stack-changes, to: [project] }\n";
    let stack = good(&text).stack;
    let length = stack.compiled_rules("us-east-1")[0].pattern.to_string().len();
    assert!(length <= 2048, "{length}");
}

#[test]
fn the_list_of_calls() {
    let services: Vec<_> = services::known_services().collect();
    assert!(services.contains(&"ecs") && services.contains(&"cloudwatch"));
    let ecs = services::known_calls("ecs").expect("ecs");
    for name in [
        "CreateCluster",
        "CreateService",
        "CreateTaskSet",
        "DeleteAccountSetting",
        "DeleteAttributes",
        "DeleteCapacityProvider",
        "DeleteCluster",
        "DeleteService",
        "DeregisterContainerInstance",
        "DeregisterTaskDefinition",
        "DeleteTaskDefinitions",
        "DeleteTaskSet",
        "RunTask",
        "StartTask",
        "StopTask",
    ] {
        assert!(ecs.contains(&name), "{name}");
    }
    assert!(services::known_calls("cloudwatch").is_some_and(|names| names.contains(&"PutMetricAlarm")));
    for service in [
        "mwaa",
        "airflow",
        "fsx",
        "prometheus",
        "bedrock",
        "inspector2",
        "application-autoscaling",
    ] {
        assert!(services::is_known(service), "{service}");
    }
    assert!(!services::is_known("wobble"));
    let all: std::collections::BTreeSet<_> = services::known_services().collect();
    assert_eq!(
        all.len(),
        services::known_services().count(),
        "a service is in two lists"
    );
    assert!(all.iter().all(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    }));
    assert_eq!(services::known_calls("frobs"), None);
    assert_eq!(services::known_calls("#"), None);
}
