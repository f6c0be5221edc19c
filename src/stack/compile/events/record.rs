//! Records of CloudTrail as EventBridge delivers them.

use serde_json::{Value, json};

use super::{API_CALL, SERVICE_EVENT, SIGN_INS, services};

/// Names of reading calls that EventBridge delivers nevertheless.
const PASSED_ON: [&str; 3] = ["GetFederationToken", "GetSessionToken", "GetSigninToken"];

/// Whether EventBridge omits the calls of this name, unless a rule has `include_read_only`. `service` is a service by any
/// of its names.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
pub fn is_omitted(service: &str, name: &str) -> bool {
    let reads = ["Describe", "Get", "List"]
        .iter()
        .any(|verb| name.starts_with(verb));
    reads && !PASSED_ON.contains(&name) && services::source(service) != "signin"
}

/// The event of a record; `None` for a record that EventBridge does not deliver, such as one of Insights. The source is
/// `aws.` and the first label of `eventSource`.
pub fn event_of(record: &Value) -> Option<Value> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let detail_type = match text("eventType")? {
        "AwsApiCall" => API_CALL,
        "AwsConsoleSignIn" => SIGN_INS[0],
        "AwsServiceEvent" => SERVICE_EVENT,
        "AwsConsoleAction" => "AWS Console Action via CloudTrail",
        _ => return None,
    };
    let service = text("eventSource")?.split('.').next().unwrap_or_default();
    Some(json!({
        "version": "0",
        "id": text("eventID").unwrap_or_default(),
        "detail-type": detail_type,
        "source": format!("aws.{service}"),
        "account": text("recipientAccountId").unwrap_or_default(),
        "time": text("eventTime").unwrap_or_default(),
        "region": text("awsRegion").unwrap_or_default(),
        "resources": [],
        "detail": record,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_the_event_that_rules_match() {
        let record = json!({
            "eventType": "AwsApiCall", "eventSource": "monitoring.amazonaws.com", "eventName": "DeleteAlarms",
            "eventID": "e-1", "eventTime": "2026-11-20T01:02:03Z", "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
        });
        let event = event_of(&record).unwrap();
        assert_eq!(event["source"], "aws.monitoring");
        assert_eq!(event["detail-type"], "AWS API Call via CloudTrail");
        assert_eq!(
            (&event["time"], &event["detail"]),
            (&record["eventTime"], &record)
        );
        for odd in [
            json!(null),
            json!([]),
            json!({ "eventType": 1, "eventSource": "a" }),
            json!({ "eventType": "AwsCloudTrailInsight", "eventSource": "a" }),
            json!({ "eventType": "AwsApiCall" }),
        ] {
            assert_eq!(event_of(&odd), None, "{odd}");
        }
    }

    #[test]
    fn reading_calls_are_omitted() {
        assert!(is_omitted("ec2", "DescribeInstances"));
        assert!(!is_omitted("sts", "GetSessionToken"));
        assert!(!is_omitted("signin", "GetSigninToken"));
        assert!(!is_omitted("iam", "CreateUser"));
    }
}
