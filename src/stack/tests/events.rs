//! Tests compiled patterns against events, with a matcher that does what EventBridge documents.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::*;
use crate::stack::compile::events::{regions, services};

mod by_service;
mod matcher;
mod places;
mod tamper;

use matcher::matches;

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
