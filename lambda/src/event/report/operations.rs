//! RDS, AWS Health, AWS Backup.

use super::{Fact, Job, News, Page, Report, Tone, facts, last_name, moment};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

pub(super) fn database(detail_type: &str, detail: &Value) -> Option<Report> {
    if !(detail_type.starts_with("RDS ") && detail_type.ends_with(" Event")) {
        return None;
    }
    let id = text(detail, "SourceIdentifier")?;
    let kind = text(detail, "SourceType");
    let categories: Vec<_> = list(detail, "EventCategories")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let has = |names: &[&str]| categories.iter().any(|category| names.contains(category));
    Some(Report {
        news: News::Database,
        tone: if has(&["failure", "low storage"]) {
            Tone::Bad(Severity::Error)
        } else if has(&["deletion", "failover", "availability"]) {
            Tone::Bad(Severity::Warning)
        } else if has(&["recovery", "creation"]) {
            Tone::Good
        } else {
            Tone::Plain
        },
        summary: text(detail, "Message"),
        facts: facts([
            (Fact::Kind, kind.clone()),
            (Fact::Categories, Some(categories.join(", "))),
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
        details: Value::Null,
        subject: id,
    })
}

pub(super) fn health(detail_type: &str, detail: &Value) -> Option<Report> {
    if detail_type != "AWS Health Event" {
        return None;
    }
    let category = text(detail, "eventTypeCategory").unwrap_or_default();
    let status = text(detail, "statusCode");
    let closed = status.as_deref() == Some("closed");
    let descriptions = list(detail, "eventDescription");
    let entities = list(detail, "affectedEntities").iter();
    let entities: Vec<_> = entities
        .filter_map(|entity| text(entity, "entityValue"))
        .collect();
    Some(Report {
        tone: match category.as_str() {
            _ if closed => Tone::Good,
            "issue" => Tone::Bad(Severity::Error),
            "scheduledChange" => Tone::Bad(Severity::Warning),
            _ => Tone::Plain,
        },
        summary: descriptions
            .iter()
            .find(|text_| text(text_, "language").is_some_and(|language| language.starts_with("en")))
            .or(descriptions.first())
            .and_then(|description| text(description, "latestDescription")),
        facts: facts([
            (Fact::Service, text(detail, "service")),
            (Fact::State, status),
            (
                Fact::Resource,
                Some(entities.join("\n")).filter(|lines| !lines.is_empty()),
            ),
        ]),
        moments: facts([
            (Fact::Starts, moment(detail, "startTime")),
            (Fact::Ends, moment(detail, "endTime")),
        ]),
        page: text(detail, "eventArn").map(Page::Health),
        details: Value::Null,
        subject: text(detail, "eventTypeCode")?,
        news: News::Health { category, closed },
    })
}

pub(super) fn backup(detail_type: &str, detail: &Value) -> Option<Report> {
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
            (Fact::State, Some(state.clone())),
            (Fact::Job, id.clone()),
        ]),
        moments: Vec::new(),
        page: vault.map(Page::Vault),
        details: Value::Null,
        subject: resource.or(id)?,
        news: News::Backup { job, state },
    })
}
