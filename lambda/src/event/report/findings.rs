//! GuardDuty and Security Hub.

use super::{Fact, News, Page, Report, Tone, facts, last_name, moment, number};
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
    let severity = detail.get("severity").and_then(Value::as_f64);
    let id = text(detail, "id");
    Some(Report {
        news: News::Finding,
        subject: text(detail, "title").or_else(|| text(detail, "type"))?,
        // 9 critical, 7 high, 4 medium, 1 low: GuardDuty guide, "Severity levels".
        tone: match severity {
            Some(severity) if severity >= 7.0 => Tone::Bad,
            Some(severity) if severity >= 4.0 => Tone::Warning,
            _ => Tone::Plain,
        },
        summary: text(detail, "description"),
        facts: facts([
            (Fact::Severity, number(detail, "severity")),
            (Fact::Kind, text(detail, "type")),
            (Fact::Resource, name.or_else(|| text(resource, "resourceType"))),
            (Fact::Count, number(service, "count")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(service, "eventFirstSeen")),
            (Fact::LastSeen, moment(service, "eventLastSeen")),
        ]),
        page: id.map(Page::Finding),
    })
}

pub(super) fn securityhub(detail_type: &str, detail: &Value) -> Option<Report> {
    if !detail_type.starts_with("Security Hub Findings") {
        return None;
    }
    let findings = list(detail, "findings");
    // AWS sends one finding an event; the worst of more would still be shown only by its count.
    let finding = findings.first()?;
    let label = text(finding.get("Severity").unwrap_or(&Value::Null), "Label");
    let resources = list(finding, "Resources").iter();
    let resources: Vec<_> = resources
        .filter_map(|resource| last_name(resource, "Id"))
        .collect();
    Some(Report {
        news: News::Finding,
        subject: text(finding, "Title")?,
        tone: match label.as_deref() {
            Some("CRITICAL" | "HIGH") => Tone::Bad,
            Some("MEDIUM") => Tone::Warning,
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
            (Fact::Product, text(finding, "ProductName")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(finding, "FirstObservedAt")),
            (Fact::LastSeen, moment(finding, "LastObservedAt")),
        ]),
        page: None,
    })
}
