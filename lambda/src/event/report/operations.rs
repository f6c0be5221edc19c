//! RDS and AWS Backup.

use super::{Fact, Job, News, Page, Report, Thing, Tone, facts, last_name, moment};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

pub(super) fn database(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if !(detail_type.starts_with("RDS ") && detail_type.ends_with(" Event")) {
        return None;
    }
    let id = text(detail, "SourceIdentifier")?;
    let kind = text(detail, "SourceType");
    let categories: Vec<_> = list(detail, "EventCategories")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let said = text(detail, "Message").unwrap_or_default();
    let failed = categories
        .iter()
        .any(|category| matches!(*category, "failure" | "low storage"));
    Some(Report {
        news: News::Told {
            thing: Thing::Database,
        },
        tone: match tone(&said) {
            Tone::Plain if failed => Tone::Bad(Severity::Error),
            tone => tone,
        },
        summary: text(detail, "Message"),
        facts: facts([
            (Fact::Kind, kind.clone()),
            (
                Fact::Categories,
                Some(categories.join(", ")).filter(|names| !names.is_empty()),
            ),
            (Fact::Status, text(detail, "EventID")),
        ]),
        moments: Vec::new(),
        page: match kind.as_deref() {
            Some("DB_INSTANCE") => Some(Page::Database {
                id: id.clone(),
                cluster: false,
            }),
            Some("CLUSTER" | "DB_CLUSTER") => Some(Page::Database {
                id: id.clone(),
                cluster: true,
            }),
            _ => None,
        },
        details: None,
        subject: id,
    })
}

/// Whether RDS tells something good or bad: by its sentence, for the notification to a topic has nothing else, and the
/// same news must not weigh more by one way than by the other.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html>
pub(super) fn tone(said: &str) -> Tone {
    let said = said.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if speaks_of(&["failover", "failed over"]) {
        Tone::Bad(Severity::Warning)
    } else if speaks_of(&[
        "fail",
        "unable",
        "exhaust",
        "storage is full",
        "low on",
        "error",
        "incompatible",
    ]) {
        Tone::Bad(Severity::Error)
    } else if speaks_of(&["delet", "shutdown", "shut down", "restart", "stopp"]) {
        Tone::Bad(Severity::Warning)
    } else if speaks_of(&[
        "recovered",
        "recovery of the db instance is complete",
        " created",
        "restored",
        "started",
    ]) {
        Tone::Good
    } else {
        Tone::Plain
    }
}

pub(super) fn backup(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let (job, id) = match detail_type {
        "Backup Job State Change" => (Job::Backup, "backupJobId"),
        "Copy Job State Change" => (Job::Copy, "copyJobId"),
        "Restore Job State Change" => (Job::Restore, "restoreJobId"),
        _ => return None,
    };
    let state = text(detail, "state").or_else(|| text(detail, "status"))?;
    let resource = last_name(detail, "resourceArn").or_else(|| last_name(detail, "createdResourceArn"));
    let vault = text(detail, "backupVaultName");
    let id = text(detail, id);
    Some(Report {
        tone: match state.as_str() {
            "COMPLETED" => Tone::Good,
            "FAILED" | "EXPIRED" => Tone::Bad(Severity::Error),
            "ABORTED" | "PARTIAL" => Tone::Bad(Severity::Warning),
            _ => Tone::Idle,
        },
        summary: text(detail, "statusMessage"),
        facts: facts([
            (Fact::Kind, text(detail, "resourceType")),
            (Fact::Resource, resource.clone()),
            (Fact::Vault, vault.clone()),
            (Fact::Job, id.clone()),
        ]),
        moments: facts([(Fact::Starts, moment(detail, "creationDate"))]),
        page: id
            .clone()
            .map(|id| Page::BackupJob { job, id })
            .or_else(|| vault.map(Page::Vault)),
        details: None,
        subject: resource.or(id)?,
        news: News::Backup { job, state },
    })
}
