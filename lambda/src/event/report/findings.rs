//! GuardDuty, Security Hub and Trusted Advisor.

use super::layout::{at, page};
use super::{
    Fact, MAX_DETAILS, News, Page, Report, Thing, Tone, Turn, facts, last_name, moment, number, security,
    storage,
};
use crate::contract::{Severity, encode};
use crate::event::{list, mask, text};
use serde_json::Value;

pub(super) fn guardduty(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    match detail_type {
        "GuardDuty Finding" => {}
        "GuardDuty Malware Protection Object Scan Result" => return malware(detail),
        _ => return None,
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
    let severity = number(detail, "severity").map(|severity| format!("{level} · {severity}"));
    let id = text(detail, "id");
    let archived = service.get("archived") == Some(&Value::Bool(true));
    Some(Report {
        news: News::Finding { settled: archived },
        subject: text(detail, "title").or_else(|| text(detail, "type"))?,
        tone: if archived { Tone::Good } else { tone },
        summary: text(detail, "description"),
        facts: facts([
            (Fact::Severity, severity),
            (Fact::Kind, text(detail, "type")),
            (Fact::Place, remote(service)),
            (Fact::Resource, name.or_else(|| text(resource, "resourceType"))),
            (Fact::Count, number(service, "count")),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(service, "eventFirstSeen")),
            (Fact::LastSeen, moment(service, "eventLastSeen")),
        ]),
        page: id.map(Page::Finding),
        details: None,
    })
}

/// Who did it, from where: `198.51.100.7 · Norway · Example Telecom`.
fn remote(service: &Value) -> Option<String> {
    let action = service.get("action")?.as_object()?;
    let inner = action.values().find(|value| value.is_object())?;
    let remote = inner
        .get("remoteIpDetails")
        .or_else(|| list(inner, "portProbeDetails").first()?.get("remoteIpDetails"))?;
    let parts = ["ipAddressV4", "country.countryName", "organization.org"];
    let parts: Vec<_> = parts.iter().filter_map(|path| at(remote, path)).collect();
    let domain = || at(inner, "domain");
    if parts.is_empty() {
        domain()
    } else {
        Some(parts.join(" · "))
    }
}

/// <https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html>
fn malware(detail: &Value) -> Option<Report> {
    let (bucket, key) = (
        at(detail, "s3ObjectDetails.bucketName")?,
        at(detail, "s3ObjectDetails.objectKey")?,
    );
    let result = at(detail, "scanResultDetails.scanResultStatus").or_else(|| text(detail, "scanStatus"))?;
    let turn = match result.as_str() {
        "THREATS_FOUND" => Turn::Infected,
        "NO_THREATS_FOUND" => Turn::Clean,
        _ => Turn::NotScanned,
    };
    let threats = detail
        .get("scanResultDetails")
        .map_or(&[][..], |result| list(result, "threats"));
    let threats: Vec<_> = threats.iter().filter_map(|threat| text(threat, "name")).collect();
    let reasons = detail
        .get("scanResultDetails")
        .map_or(&[][..], |result| list(result, "statusReasons"));
    let reasons: Vec<_> = reasons
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let why = if threats.is_empty() { reasons } else { threats };
    let result = result.as_str();
    Some(Report {
        tone: turn.tone(),
        summary: Some(why.join(", "))
            .filter(|why| !why.is_empty())
            .or_else(|| (turn == Turn::NotScanned).then(|| result.to_owned())),
        page: storage::object_page(&bucket, &key),
        ..Report::new(
            News::Changed {
                thing: Thing::Object,
                turn,
                raw: result.to_owned(),
                of: Some((Thing::Bucket, bucket)),
            },
            key,
        )
    })
}

pub(super) fn securityhub(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    match detail_type {
        "Findings Imported V2" => return ocsf(detail),
        "Security Hub Insight Results" => return insight(detail),
        name if name.starts_with("Security Hub Findings") => {}
        _ => return None,
    }
    let findings = list(detail, "findings");
    // AWS sends one finding per event. If there were more, only the first would be shown, whatever the severity
    // of the others.
    let finding = findings.first()?;
    let part = |name: &str, key: &str| text(finding.get(name)?, key);
    // Older findings have only a number from 0 to 100.
    let normalized = || finding.get("Severity")?.get("Normalized")?.as_f64();
    let label = part("Severity", "Label").or_else(|| {
        let label = match normalized()? {
            90.0.. => "CRITICAL",
            70.0.. => "HIGH",
            40.0.. => "MEDIUM",
            1.0.. => "LOW",
            _ => "INFORMATIONAL",
        };
        Some(label.to_owned())
    });
    let compliance = part("Compliance", "Status");
    let settled = compliance.as_deref() == Some("PASSED")
        || text(finding, "RecordState").as_deref() == Some("ARCHIVED")
        || matches!(
            part("Workflow", "Status").as_deref(),
            Some("RESOLVED" | "SUPPRESSED")
        );
    // An attack sequence is no resource; those that it touched follow.
    let resources = list(finding, "Resources").iter();
    let resources: Vec<_> = resources
        .filter(|resource| text(resource, "Type").as_deref() != Some("AttackSequence"))
        .filter_map(|resource| last_name(resource, "Id"))
        .filter(|name| !matches!(name.as_str(), "AttackSequence" | "null"))
        .collect();
    let remedy = finding
        .get("Remediation")
        .and_then(|remedy| text(remedy.get("Recommendation")?, "Text"));
    Some(Report {
        news: News::Finding { settled },
        subject: text(finding, "Title")?,
        tone: match label.as_deref() {
            _ if settled => Tone::Good,
            Some("CRITICAL") => Tone::Bad(Severity::Critical),
            Some("HIGH") => Tone::Bad(Severity::Error),
            Some("MEDIUM") => Tone::Bad(Severity::Warning),
            None if compliance.as_deref() == Some("FAILED") => Tone::Bad(Severity::Warning),
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
            (Fact::Remedy, remedy.filter(|_| !settled)),
        ]),
        moments: facts([
            (Fact::FirstSeen, moment(finding, "FirstObservedAt")),
            (Fact::LastSeen, moment(finding, "LastObservedAt")),
        ]),
        page: text(finding, "Id").map(Page::SecurityFinding),
        details: None,
    })
}

/// A finding in the format of the Open Cybersecurity Schema Framework.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-cwe-event-types.html>
fn ocsf(detail: &Value) -> Option<Report> {
    let finding = list(detail, "findings").first()?;
    let title = at(finding, "finding_info.title")?;
    let level = text(finding, "severity").or_else(|| text(finding, "vendor_severity"));
    let status = text(finding, "status");
    let settled = matches!(status.as_deref(), Some("Resolved" | "Suppressed" | "Archived"))
        || text(finding, "activity_name").as_deref() == Some("Close");
    let resources = list(finding, "resources").iter();
    let resources: Vec<_> = resources
        .filter_map(|resource| text(resource, "name").or_else(|| last_name(resource, "uid")))
        .collect();
    let remedy = at(finding, "remediation.desc").filter(|_| !settled);
    Some(Report {
        tone: security::finding_tone(settled, level.as_deref()),
        summary: at(finding, "finding_info.desc").or_else(|| text(finding, "message")),
        facts: facts([
            (Fact::Severity, level),
            (
                Fact::Kind,
                at(finding, "finding_info.types.0").or_else(|| text(finding, "class_name")),
            ),
            (
                Fact::Resource,
                Some(resources.join("\n")).filter(|lines| !lines.is_empty()),
            ),
            (Fact::State, status),
            (Fact::Product, at(finding, "metadata.product.name")),
            (Fact::Remedy, remedy),
        ]),
        moments: facts([(
            Fact::FirstSeen,
            moment(finding.get("finding_info")?, "first_seen_time_dt")
                .or_else(|| moment(finding.get("finding_info")?, "created_time_dt")),
        )]),
        page: page("securityhub/v2/home", "/findings".to_owned()),
        ..Report::new(News::Finding { settled }, title)
    })
}

/// A person sends an insight's results to a rule.
fn insight(detail: &Value) -> Option<Report> {
    Some(Report {
        summary: text(detail, "actionDescription"),
        facts: facts([
            (Fact::Action, text(detail, "actionName")),
            (Fact::Kind, text(detail, "resultType")),
        ]),
        details: detail
            .get("insightResults")
            .and_then(|results| mask::shown(results, MAX_DETAILS)),
        page: text(detail, "insightArn")
            .and_then(|arn| page("securityhub/home", format!("/insights/{}", encode(&arn)))),
        ..Report::new(News::Finding { settled: false }, text(detail, "insightName")?)
    })
}

/// <https://docs.aws.amazon.com/awssupport/latest/user/cloudwatch-events-ta.html>
pub(super) fn advisor(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if detail_type != "Trusted Advisor Check Item Refresh Notification" {
        return None;
    }
    let check = text(detail, "check-name")?;
    let status = text(detail, "status")?;
    let turn = match status.as_str() {
        "ERROR" => Turn::NeedsAction,
        "WARN" => Turn::NeedsLook,
        "OK" | "INFO" => Turn::Fine,
        _ => Turn::Other,
    };
    let item = detail.get("check-item-detail").unwrap_or(&Value::Null);
    let key = text(item, "Access Key ID").filter(|_| check == "Exposed Access Keys");
    let (thing, turn, subject) = match key.filter(|_| turn != Turn::Fine) {
        Some(key) => (Thing::AccessKey, Turn::Exposed, key),
        None => (Thing::Check, turn, check),
    };
    let user = text(item, "User Name (IAM or Root)").filter(|_| turn == Turn::Exposed);
    Some(Report {
        tone: turn.tone(),
        facts: facts([
            (Fact::Resource, last_name(detail, "resource_id")),
            (
                Fact::Place,
                text(item, "Location").filter(|_| turn == Turn::Exposed),
            ),
        ]),
        // The columns differ from check to check, and only they tell what is to be done.
        details: mask::shown(item, MAX_DETAILS),
        page: page("trustedadvisor/home", "/dashboard".to_owned()),
        ..Report::new(
            News::Changed {
                thing,
                turn,
                raw: status,
                of: user.map(|user| (Thing::User, user)),
            },
            subject,
        )
    })
}
