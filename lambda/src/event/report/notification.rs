//! What services publish to an SNS topic on their own, without EventBridge.

use super::{Fact, News, Page, Report, Tone, compute, costs, facts, operations};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Detail, Event, text, time};
use serde_json::{Value, json};

/// Reads a JSON notification of RDS, Auto Scaling or Cost Anomaly Detection.
pub(in crate::event) fn in_json(message: &Value) -> Option<Event> {
    let (report, arn) = if message.get("Event Source").is_some() {
        (database(message)?, "Source ARN")
    } else if message.get("AutoScalingGroupARN").is_some() {
        (scaling(message)?, "AutoScalingGroupARN")
    } else if message.get("anomalyId").is_some() {
        (costs::anomaly(message)?, "monitorArn")
    } else {
        return None;
    };
    let arn = text(message, arn).as_deref().and_then(Arn::parse);
    let account = ["AccountId", "accountId"]
        .iter()
        .find_map(|key| text(message, key));
    let moment = ["Time", "Event Time"].iter().find_map(|key| text(message, key));
    // RDS writes `2026-11-20 05:03:27.123`, which is UTC.
    let moment = moment.and_then(|moment| {
        time::parse(&moment).or_else(|| time::parse(&format!("{}Z", moment.replace(' ', "T"))))
    });
    Some(Event {
        account: account.or_else(|| arn.as_ref()?.account.clone()),
        region: arn.and_then(|arn| arn.region),
        time: moment,
        ..event(report.with_details(message))
    })
}

/// Reads a plain-text notification of AWS Budgets or AWS Backup. `attribute` looks up an attribute of the SNS
/// message.
pub(in crate::event) fn in_text(message: &str, attribute: impl Fn(&str) -> Option<String>) -> Option<Event> {
    if let Some(report) = costs::budget(message) {
        // "AWS Account 111122223333"
        let account = message.split_once("AWS Account ").map(|(_, rest)| rest.chars());
        let account: Option<String> = account.map(|rest| rest.take_while(char::is_ascii_digit).collect());
        return Some(Event {
            account: account.filter(|account| account.len() == 12),
            ..event(report)
        });
    }
    let report = backup(message, &attribute)?;
    Some(Event {
        account: attribute("AccountId"),
        ..event(report)
    })
}

fn event(report: Report) -> Event {
    Event {
        detail_type: None,
        source: None,
        account: None,
        region: None,
        time: None,
        resources: Vec::new(),
        detail: Detail::Report(Box::new(report)),
    }
}

/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html>
fn database(message: &Value) -> Option<Report> {
    let kind = text(message, "Event Source")?;
    let subject = text(message, "Source ID")?;
    let said = text(message, "Event Message")?;
    // `http://docs.…/USER_Events.html#RDS-EVENT-0049`
    let code = text(message, "Event ID");
    let code = code.map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
    let lower = said.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // Unlike the EventBridge event, the notification has no categories.
    let tone = if speaks_of(&["failover"]) {
        Tone::Bad(Severity::Warning)
    } else if speaks_of(&["fail", "unable", "exhaust", "storage is full", "low on"]) {
        Tone::Bad(Severity::Error)
    } else if speaks_of(&["delet", "shutdown", "shut down", "restart", "stopp"]) {
        Tone::Bad(Severity::Warning)
    } else {
        Tone::Plain
    };
    let cluster = kind == "db-cluster";
    Some(Report {
        news: News::Database,
        tone,
        summary: Some(said),
        facts: facts([(Fact::Kind, Some(kind.clone())), (Fact::Status, code)]),
        moments: Vec::new(),
        page: (cluster || kind == "db-instance").then(|| Page::Database {
            id: subject.clone(),
            cluster,
        }),
        details: Value::Null,
        subject,
    })
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html>
fn scaling(message: &Value) -> Option<Report> {
    let detail_type = match text(message, "Event")?.as_str() {
        "autoscaling:EC2_INSTANCE_LAUNCH" => "EC2 Instance Launch Successful",
        "autoscaling:EC2_INSTANCE_LAUNCH_ERROR" => "EC2 Instance Launch Unsuccessful",
        "autoscaling:EC2_INSTANCE_TERMINATE" => "EC2 Instance Terminate Successful",
        "autoscaling:EC2_INSTANCE_TERMINATE_ERROR" => "EC2 Instance Terminate Unsuccessful",
        _ => return None,
    };
    compute::scaling(detail_type, message)
}

/// The message is one sentence; its attributes say the same.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html>
fn backup(message: &str, attribute: &impl Fn(&str) -> Option<String>) -> Option<Report> {
    let (detail_type, id) = match attribute("EventType")?.as_str() {
        "BACKUP_JOB" => ("Backup Job State Change", "backupJobId"),
        "COPY_JOB" => ("Copy Job State Change", "copyJobId"),
        "RESTORE_JOB" => ("Restore Job State Change", "restoreJobId"),
        _ => return None,
    };
    let after = |label: &str| {
        let (_, value) = message.split_once(label)?;
        let value = value.trim_start_matches([' ', ':']).split_whitespace().next()?;
        Some(value.trim_end_matches('.').to_owned())
    };
    let detail = json!({
        "state": attribute("State"), "statusMessage": message, id: attribute("Id"),
        "resourceArn": after("Resource ARN"),
    });
    operations::backup(detail_type, &detail).map(|report| report.with_details(&Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_similar_is_not_taken() {
        for message in [
            json!({ "Event Source": "db-instance" }),
            json!({ "AutoScalingGroupARN": "x", "Event": "autoscaling:TEST_NOTIFICATION" }),
            json!({ "anomalyId": "x" }),
            json!([]),
        ] {
            assert_eq!(in_json(&message), None, "{message}");
        }
        assert_eq!(in_text("An AWS Backup job failed.", |_| None), None);
    }

    #[test]
    fn rds_means_utc() {
        let event = in_json(&json!({ "Event Source": "db-instance", "Source ID": "orders",
            "Event Time": "2026-11-20 05:03:27.123", "Event Message": "DB instance restarted",
            "Source ARN": "arn:aws:rds:ap-northeast-2:111122223333:db:orders" }));
        let event = event.expect("a notification");
        assert_eq!(event.time, "2026-11-20T05:03:27.123Z".parse().ok());
        let whence = (event.account.as_deref(), event.region.as_deref());
        assert_eq!(whence, (Some("111122223333"), Some("ap-northeast-2")));
    }
}
