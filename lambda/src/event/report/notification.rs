//! What services publish to an SNS topic on their own, without EventBridge.

use super::layout::at;
use super::{
    Fact, News, Page, Report, Thing, Tone, Turn, compute, costs, delivery, facts, fleet, mail, operations,
    storage,
};
use crate::contract::{Arn, Severity};
use crate::event::{Detail, Event, gist, judge, link, text, time};
use serde_json::{Value, json};

/// Reads the JSON that a service publishes to a topic on its own.
pub(in crate::event) fn in_json(message: &Value) -> Option<Event> {
    let has = |key: &str| message.get(key).is_some();
    let report = if has("Event Source") {
        rds_event(message)?
    } else if has("LifecycleTransition") {
        fleet::scaling(lifecycle(message)?, message, message)?
    } else if has("AutoScalingGroupARN") {
        scaling(message)?
    } else if has("anomalyId") {
        costs::anomaly(message)?
    } else if has("approval") {
        delivery::approval(message)?
    } else if has("deploymentId") && has("eventTriggerName") {
        delivery::deployed(message)?
    } else if has("mail") {
        mail::notification(message)?
    } else if text(message, "messageType").as_deref() == Some("ComplianceChangeNotification") {
        return config(message);
    } else {
        cache(message)?
    };
    let arn = ["Source ARN", "AutoScalingGroupARN", "monitorArn"]
        .iter()
        .find_map(|key| text(message, key));
    let arn = arn.as_deref().and_then(Arn::parse);
    let account = ["AccountId", "accountId"]
        .iter()
        .find_map(|key| text(message, key));
    let region = || text(message, "region");
    let moment = ["Time", "Event Time"].iter().find_map(|key| text(message, key));
    // RDS writes `2026-11-20 05:03:27.123`, which is UTC.
    let moment = moment.and_then(|moment| {
        time::parse(&moment).or_else(|| time::parse(&format!("{}Z", moment.replace(' ', "T"))))
    });
    Some(Event {
        account: account.or_else(|| arn.as_ref()?.account.clone()),
        region: arn.and_then(|arn| arn.region).or_else(region),
        time: moment,
        ..event(report.masked())
    })
}

/// Reads a record that a service sends to a function without a topic or bus.
pub(in crate::event) fn in_record(record: &Value) -> Option<Event> {
    let report = match text(record, "eventSource")?.as_str() {
        "aws:s3" => storage::record(record)?,
        "aws:ses" => received(record)?,
        "aws:codecommit" => pushed(record)?,
        _ => return None,
    };
    Some(Event {
        region: text(record, "awsRegion"),
        time: text(record, "eventTime").as_deref().and_then(time::parse),
        ..event(report.masked())
    })
}

/// What Config publishes; the same as the detail of its event.
fn config(message: &Value) -> Option<Event> {
    let kind = "Config Rules Compliance Change";
    let report = Report::read(Some("aws.config"), kind, &Value::Null, Some(message))?;
    Some(Event {
        account: text(message, "awsAccountId"),
        region: text(message, "awsRegion"),
        time: text(message, "notificationCreationTime")
            .as_deref()
            .and_then(time::parse),
        ..event(report)
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
    if let Some(report) = delivery::stack_notification(message) {
        let arn = message.split('\'').find_map(Arn::parse).unwrap_or_default();
        return Some(Event {
            account: arn.account,
            region: arn.region,
            ..event(report.masked())
        });
    }
    if let Some(report) = fleet::beanstalk(message) {
        return Some(event(report.masked()));
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

/// RDS, and DMS in the same format with another spelling of the id.
/// <https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Events.html>
fn rds_event(message: &Value) -> Option<Report> {
    let kind = text(message, "Event Source")?;
    let dms = text(message, "SourceId");
    let subject = text(message, "Source ID").or_else(|| dms.clone())?;
    let said = text(message, "Event Message")?;
    // `http://docs.…/USER_Events.html#RDS-EVENT-0049`
    let code = text(message, "Event ID");
    let code = code.map(|code| code.rsplit('#').next().unwrap_or_default().trim().to_owned());
    let is_dms = dms.is_some() || kind.starts_with("replication-");
    let address = text(message, "Identifier Link").and_then(|link| link::in_text(&link));
    let cluster = kind == "db-cluster";
    Some(Report {
        tone: operations::tone(&said),
        facts: facts([(Fact::Kind, Some(kind.clone())), (Fact::Status, code)]),
        page: if is_dms {
            address.map(Page::Address)
        } else {
            (cluster || kind == "db-instance").then(|| Page::Database {
                id: subject.clone(),
                cluster,
            })
        },
        summary: Some(said),
        ..Report::new(
            News::Told {
                thing: if is_dms {
                    Thing::ReplicationTask
                } else {
                    Thing::Database
                },
            },
            subject,
        )
    })
}

/// `{ "ElastiCache:SnapshotFailed": "sessions" }`; some kinds have a sentence after the name.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/elasticache-sns.html>
fn cache(message: &Value) -> Option<Report> {
    let (kind, name) = message.as_object()?.iter().next()?;
    let kind = kind.strip_prefix("ElastiCache:")?;
    let (name, rest) = name.as_str()?.split_once(" : ").unwrap_or((name.as_str()?, ""));
    Some(Report {
        tone: judge::state(kind),
        summary: Some(if rest.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}: {rest}")
        }),
        ..Report::new(
            News::Told {
                thing: Thing::CacheCluster,
            },
            name.to_owned(),
        )
    })
}

fn lifecycle(message: &Value) -> Option<&'static str> {
    match text(message, "LifecycleTransition")?.as_str() {
        "autoscaling:EC2_INSTANCE_LAUNCHING" => Some("EC2 Instance-launch Lifecycle Action"),
        "autoscaling:EC2_INSTANCE_TERMINATING" => Some("EC2 Instance-terminate Lifecycle Action"),
        _ => None,
    }
}

/// Mail that SES received.
/// <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>
fn received(record: &Value) -> Option<Report> {
    let mail = record.get("ses")?.get("mail")?;
    let verdicts = [
        "spamVerdict",
        "virusVerdict",
        "spfVerdict",
        "dkimVerdict",
        "dmarcVerdict",
    ];
    let failed = verdicts
        .iter()
        .filter(|name| at(record, &format!("ses.receipt.{name}.status")).as_deref() == Some("FAIL"));
    let failed: Vec<_> = failed.map(|name| name.trim_end_matches("Verdict")).collect();
    Some(Report {
        tone: if failed.is_empty() {
            Tone::Plain
        } else {
            Tone::Bad(Severity::Warning)
        },
        summary: at(mail, "commonHeaders.subject"),
        facts: facts([
            (Fact::Author, text(mail, "source")),
            (
                Fact::Reason,
                Some(failed.join(", ")).filter(|failed| !failed.is_empty()),
            ),
        ]),
        ..Report::new(
            News::Changed {
                thing: Thing::Mail,
                turn: Turn::Received,
                raw: String::new(),
                of: None,
            },
            at(mail, "destination.0")?,
        )
    })
}

/// <https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-notify-lambda.html>
fn pushed(record: &Value) -> Option<Report> {
    let reference = record.get("codecommit")?.get("references")?.get(0)?;
    Some(Report {
        facts: facts([
            (Fact::Branch, text(reference, "ref")),
            (Fact::Commit, text(reference, "commit")),
            (
                Fact::Author,
                text(record, "userIdentityARN").and_then(|arn| gist::last(&arn)),
            ),
        ]),
        ..Report::new(
            News::Changed {
                thing: Thing::Repository,
                turn: Turn::Updated,
                raw: String::new(),
                of: None,
            },
            gist::last(&text(record, "eventSourceARN")?)?,
        )
    })
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html>
fn scaling(message: &Value) -> Option<Report> {
    let detail_type = match text(message, "Event")?.as_str() {
        "autoscaling:EC2_INSTANCE_LAUNCH" => "EC2 Instance Launch Successful",
        "autoscaling:EC2_INSTANCE_LAUNCH_ERROR" => "EC2 Instance Launch Unsuccessful",
        "autoscaling:EC2_INSTANCE_TERMINATE" => "EC2 Instance Terminate Successful",
        "autoscaling:EC2_INSTANCE_TERMINATE_ERROR" => "EC2 Instance Terminate Unsuccessful",
        "autoscaling:TEST_NOTIFICATION" => return fleet::test(message),
        _ => return None,
    };
    compute::scaling(detail_type, message, message)
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
    // What is left of the message without the sentences that the facts say.
    let known = [
        "An AWS ",
        "A restore job",
        "A copy job",
        "Resource ARN",
        "Recovery point ARN",
        "BackupJob ID",
        "RestoreJob ID",
        "CopyJob ID",
        "Copy Job Id",
        "Restore Job Id",
        "Backup Job Id",
    ];
    let said: Vec<_> = message
        .split(". ")
        .map(str::trim)
        .filter(|sentence| !known.iter().any(|known| sentence.starts_with(known)))
        .collect();
    let detail = json!({
        "state": attribute("State"), "statusMessage": said.join(". "), id: attribute("Id"),
        "resourceArn": after("Resource ARN"),
    });
    operations::backup(detail_type, &Value::Null, &detail).map(Report::masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_similar_is_not_taken() {
        for message in [
            json!({ "Event Source": "db-instance" }),
            json!({ "AutoScalingGroupARN": "x", "Event": "autoscaling:TEST_NOTIFICATION" }),
            json!({ "approval": {} }),
            json!({ "mail": { "destination": [] }, "notificationType": "Received" }),
            json!({ "ElastiCache:X": 1 }),
            json!({ "Elasticache": "x" }),
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
