//! Events of services, and exceptions in patterns.

use super::*;

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
