//! GuardDuty and Security Hub.

use super::{Fact, News, Page, Report, Tone, facts, last_name, moment, number};
use crate::contract::Severity;
use crate::event::{list, text};
use serde_json::Value;

pub(super) fn guardduty(detail_type: &str, detail: &Value) -> Option<Report> {
    if detail_type != "GuardDuty Finding" {
        return None;
    }
    let null = &Value::Null;
    let service = detail.get("service").unwrap_or(null);
    let resource = detail.get("resource").unwrap_or(null);
    let named = [
        ("instanceDetails", "instanceId"),
        ("accessKeyDetails", "userName"),
        ("eksClusterDetails", "name"),
        ("ecsClusterDetails", "name"),
        ("lambdaDetails", "functionName"),
        ("rdsDbInstanceDetails", "dbInstanceIdentifier"),
    ];
    let name = named
        .iter()
        .find_map(|(part, key)| text(resource.get(part)?, key))
        .or_else(|| text(list(resource, "s3BucketDetails").first()?, "name"));
    // GuardDuty guide, "Severity levels of GuardDuty findings".
    let (tone, level) = match detail.get("severity").and_then(Value::as_f64) {
        Some(severity) if severity >= 9.0 => (Tone::Bad(Severity::Critical), "Critical"),
        Some(severity) if severity >= 7.0 => (Tone::Bad(Severity::Error), "High"),
        Some(severity) if severity >= 4.0 => (Tone::Bad(Severity::Warning), "Medium"),
        _ => (Tone::Plain, "Low"),
    };
    let severity = number(detail, "severity").map(|severity| format!("{level} ({severity})"));
    let id = text(detail, "id");
    Some(Report {
        news: News::Finding,
        subject: text(detail, "title").or_else(|| text(detail, "type"))?,
        tone,
        summary: text(detail, "description"),
        facts: facts([
            (Fact::Severity, severity),
            (Fact::Kind, text(detail, "type")),
            (Fact::Resource, name.or_else(|| text(resource, "resourceType"))),
            (Fact::Count, number(service, "count")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(service, "eventFirstSeen")),
            (Fact::LastSeen, moment(service, "eventLastSeen")),
        ]),
        page: id.map(Page::Finding),
        details: Value::Null,
    })
}

pub(super) fn securityhub(detail_type: &str, detail: &Value) -> Option<Report> {
    if !detail_type.starts_with("Security Hub Findings") {
        return None;
    }
    let findings = list(detail, "findings");
    // AWS sends one finding per event. If there were more, only the first would be shown, whatever the severity
    // of the others.
    let finding = findings.first()?;
    let part = |name: &str, key: &str| text(finding.get(name)?, key);
    let label = part("Severity", "Label");
    let compliance = part("Compliance", "Status");
    let settled = compliance.as_deref() == Some("PASSED")
        || text(finding, "RecordState").as_deref() == Some("ARCHIVED")
        || matches!(
            part("Workflow", "Status").as_deref(),
            Some("RESOLVED" | "SUPPRESSED")
        );
    let resources = list(finding, "Resources").iter();
    let resources: Vec<_> = resources
        .filter_map(|resource| last_name(resource, "Id"))
        .collect();
    Some(Report {
        news: News::Finding,
        subject: text(finding, "Title")?,
        tone: match label.as_deref() {
            _ if settled => Tone::Good,
            Some("CRITICAL") => Tone::Bad(Severity::Critical),
            Some("HIGH") => Tone::Bad(Severity::Error),
            Some("MEDIUM") => Tone::Bad(Severity::Warning),
            _ => Tone::Plain,
        },
        summary: text(finding, "Description"),
        facts: facts([
            (Fact::Severity, label),
            (
                Fact::Kind,
                list(finding, "Types")
                    .first()
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            ),
            (
                Fact::Resource,
                Some(resources.join("\n")).filter(|lines| !lines.is_empty()),
            ),
            (
                Fact::Count,
                (findings.len() > 1).then(|| findings.len().to_string()),
            ),
            (Fact::Compliance, compliance),
            (Fact::Product, text(finding, "ProductName")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(finding, "FirstObservedAt")),
            (Fact::LastSeen, moment(finding, "LastObservedAt")),
        ]),
        page: text(finding, "Id").map(Page::SecurityFinding),
        details: Value::Null,
    })
}
