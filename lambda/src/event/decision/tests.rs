//! What calls decide, how urgent that is, and what they are made on: one row a call.

use super::*;
use crate::contract::Severity::{Critical, Error, Info, Warning};
use crate::event::Call;
use serde_json::json;

const OWN: &str = "111122223333";

/// The call `SERVICE:NAME` of the user `alice`, with `change` in its record.
fn call(what: &str, change: &Value) -> Call {
    let (service, name) = what.split_once(':').expect("a service and a name");
    let mut record = json!({ "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "recipientAccountId": OWN, "userIdentity": { "type": "IAMUser", "userName": "alice", "accountId": OWN } });
    for (key, value) in change.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
    Call::read(&record).expect("a record")
}

/// One call a line: its name, what it decides, its severity, what it is made on, its request.
const CALLS: &str = include_str!("calls.txt");

#[test]
fn what_calls_decide() {
    for line in CALLS.lines().skip(1) {
        let columns: Vec<_> = line.splitn(5, " | ").collect();
        let [what, decision, severity, targets, request] = columns[..] else {
            panic!("{line}")
        };
        let request: Value = serde_json::from_str(request).expect("a request");
        let call = call(what, &json!({ "requestParameters": request }));
        let decided = call.decision.as_ref().map(|decision| format!("{decision:?}"));
        let named = match call.targets.as_slice() {
            [] => "-".to_owned(),
            targets => targets.join(", "),
        };
        let found = (
            decided.as_deref().unwrap_or("-"),
            call.severity(false).name(),
            named.as_str(),
        );
        assert_eq!(found, (decision, severity, targets), "{line}");
    }
}

#[test]
fn an_attempt_decides_nothing() {
    let severity = |what: &str, error: &str| call(what, &json!({ "errorCode": error })).severity(false);
    assert_eq!(severity("cloudtrail:StopLogging", "AccessDenied"), Error);
    assert_eq!(severity("cloudtrail:StopLogging", "TrailNotFoundException"), Info);
    assert_eq!(severity("cloudtrail:CreateTrail", "AccessDenied"), Warning);
    let root = |error: &str| {
        let change = json!({ "errorCode": error, "userIdentity": { "type": "Root", "accountId": OWN } });
        call("ec2:DescribeInstances", &change).severity(false)
    };
    assert_eq!((root(""), root("AccessDenied")), (Critical, Error));
    assert_eq!(severity("guardduty:DeleteDetector", "AccessDenied"), Warning);
    assert_eq!(severity("secretsmanager:GetSecretValue", "AccessDenied"), Warning);
    assert_eq!(severity("ec2:RunInstances", "Client.InvalidAMIID.NotFound"), Info);
    assert_eq!(severity("ec2:RunInstances", "Client.DryRunOperation"), Info);
    assert_eq!(
        severity("ec2:RunInstances", "Client.InstanceLimitExceeded"),
        Warning
    );
}

#[test]
fn a_tool_carries_out_what_was_written_down() {
    let severity = |what: &str, agent: &str, request: Value| {
        call(what, &json!({ "userAgent": agent, "requestParameters": request })).severity(false)
    };
    let tool = "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io) terraform-provider-aws/6.0";
    let trail = json!({ "bucketName": "aws-cloudtrail-logs" });
    assert_eq!(severity("guardduty:DeleteDetector", tool, json!(null)), Error);
    assert_eq!(severity("wafv2:DisassociateWebACL", tool, json!(null)), Warning);
    assert_eq!(severity("s3:DeleteBucket", tool, trail), Error);
    assert_eq!(
        severity("s3:DeleteBucket", tool, json!({ "bucketName": "scratch" })),
        Warning
    );
    assert_eq!(severity("cloudtrail:StopLogging", tool, json!(null)), Critical);
    let public = json!({ "dBInstanceIdentifier": "orders", "publiclyAccessible": true });
    assert_eq!(severity("rds:ModifyDBInstance", tool, public), Error);
    let through = json!({ "sourceIPAddress": "cloudformation.amazonaws.com" });
    assert_eq!(call("guardduty:DeleteDetector", &through).severity(false), Error);
}
