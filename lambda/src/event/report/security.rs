//! Certificates, keys, rules of Config, and services that search for weaknesses.

use super::layout::{LAYOUT, Layout, When, at, encoded, page, tone};
use super::{Fact, News, Page, Report, Thing, Tone, Turn, facts, moment};
use crate::contract::{Severity, encode};
use crate::event::{gist, judge, list, text};
use serde_json::Value;

/// <https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html>,
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>,
/// <https://docs.aws.amazon.com/awssupport/latest/user/event-bridge-support.html>
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        kind: "ACM Certificate Approaching Expiration",
        turn: When::Read(expiring, &["DaysToExpiry"]),
        ..ACM
    },
    Layout {
        kind: "ACM Certificate Expired",
        turn: When::Always(Turn::Expired),
        ..ACM
    },
    Layout {
        kind: "ACM Certificate Renewal Action Required",
        turn: When::Always(Turn::RenewalNeeded),
        ..ACM
    },
    Layout {
        kind: "ACM Certificate Available",
        turn: When::Always(Turn::Available),
        ..ACM
    },
    Layout {
        kind: "ACM Certificate Revoked",
        turn: When::Always(Turn::Unavailable),
        ..ACM
    },
    Layout {
        kind: "KMS CMK Rotation",
        turn: When::Always(Turn::Rotated),
        ..KMS
    },
    Layout {
        kind: "KMS CMK Deletion",
        turn: When::Always(Turn::Gone),
        ..KMS
    },
    Layout {
        kind: "KMS Imported Key Material Expiration",
        thing: Thing::KeyMaterial,
        turn: When::Always(Turn::Expired),
        ..KMS
    },
    Layout {
        kind: "Config Rules Compliance Change",
        source: "aws.config",
        thing: Thing::Compliance,
        name: &["resourceId"],
        of: Some((Thing::Rule, "configRuleName")),
        turn: When::State(&["newEvaluationResult.complianceType"]),
        reason: &["newEvaluationResult.annotation"],
        facts: &[(Fact::Kind, "resourceType")],
        page: |detail| {
            page(
                "config/home",
                format!(
                    "/rules/details?configRuleName={}",
                    encoded(detail, "configRuleName")?
                ),
            )
        },
        ..LAYOUT
    },
    Layout {
        kind: "Access Preview State Change",
        source: "aws.access-analyzer",
        thing: Thing::AccessPreview,
        name: &["accessPreviewId"],
        turn: When::State(&["status"]),
        reason: &["statusReason.code"],
        facts: &[(Fact::Resource, "configuredResources.0")],
        ..LAYOUT
    },
    Layout {
        kind: "Support Case Update",
        source: "aws.support",
        thing: Thing::Case,
        name: &["display-id", "case-id"],
        turn: When::Read(
            |detail| match at(detail, "event-name")?.as_str() {
                "CreateCase" => Some(Turn::Created),
                "AddCommunicationToCase" => Some(Turn::Answered),
                "ReopenCase" => Some(Turn::Reopened),
                "ResolveCase" => Some(Turn::Resolved),
                _ => None,
            },
            &["event-name"],
        ),
        facts: &[(Fact::Author, "origin")],
        page: |detail| {
            let case = encoded(detail, "display-id")?;
            page("support/home", format!("/case/?displayId={case}&language=en"))
        },
        ..LAYOUT
    },
];

const ACM: Layout = Layout {
    source: "aws.acm",
    thing: Thing::Certificate,
    name: &["CommonName", "DomainName"],
    facts: &[
        (Fact::Reason, "RenewalStatusReason"),
        (Fact::Action, "ActionRequired"),
    ],
    moments: &[(Fact::Ends, "CertificateExpirationDate")],
    ..LAYOUT
};
const KMS: Layout = Layout {
    source: "aws.kms",
    thing: Thing::Key,
    name: &["key-id"],
    page: |detail| page("kms/home", format!("/kms/keys/{}", encoded(detail, "key-id")?)),
    ..LAYOUT
};

fn expiring(detail: &Value) -> Option<Turn> {
    let days = at(detail, "DaysToExpiry").and_then(|days| days.parse().ok());
    Some(Turn::Expiring(days))
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
fn image(detail: &Value) -> Option<Report> {
    let name = text(detail, "repository-name")?;
    let action = text(detail, "action-type")?;
    let failed = text(detail, "result").as_deref() == Some("FAILURE");
    let turn = match action.as_str() {
        _ if failed => Turn::Failed,
        "PUSH" => Turn::Pushed,
        "DELETE" => Turn::Deleted,
        _ => Turn::Updated,
    };
    let tag = text(detail, "image-tag");
    Some(Report {
        tone: turn.tone(),
        facts: facts([
            (Fact::Action, Some(action.clone())),
            (Fact::Digest, text(detail, "image-digest")),
        ]),
        page: repository(detail),
        ..Report::new(
            News::Changed {
                thing: Thing::ScannedImage,
                turn,
                raw: action,
                of: None,
            },
            tag.map_or_else(|| name.clone(), |tag| format!("{name}:{tag}")),
        )
    })
}

fn repository(detail: &Value) -> Option<Page> {
    at(detail, "repository-name")?;
    page("ecr/private-registry/repositories", String::new())
}

/// A finding of Inspector, or the result of a scan.
/// <https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html>
pub(super) fn inspector(detail_type: &str, event: &Value, detail: &Value) -> Option<Report> {
    match detail_type {
        "Inspector2 Finding" => {}
        "Inspector2 Scan" | "ECR Image Scan" => return scan(event, detail),
        "ECR Image Action" => return image(detail),
        _ => return None,
    }
    let status = text(detail, "status").unwrap_or_default();
    let settled = matches!(status.as_str(), "CLOSED" | "SUPPRESSED");
    let level = text(detail, "severity");
    let resource = list(detail, "resources").first();
    let resource = resource.and_then(|resource| gist::last(&text(resource, "id")?));
    Some(Report {
        tone: finding_tone(settled, level.as_deref()),
        summary: text(detail, "description"),
        facts: facts([
            (Fact::Resource, resource),
            (Fact::Severity, level),
            (
                Fact::State,
                Some(status).filter(|status| !matches!(status.as_str(), "" | "ACTIVE")),
            ),
            (Fact::Kind, text(detail, "type")),
            (
                Fact::Remedy,
                at(detail, "remediation.recommendation.text").filter(|remedy| remedy != "None Provided"),
            ),
        ]),
        moments: facts([(Fact::FirstSeen, moment(detail, "firstObservedAt"))]),
        page: text(detail, "findingArn").and_then(|arn| {
            page(
                "inspector/v2/home",
                format!("/findings/all?findingArn={}", encode(&arn)),
            )
        }),
        ..Report::new(
            News::Finding { settled },
            text(detail, "title").or_else(|| text(detail, "type"))?,
        )
    })
}

pub(super) fn finding_tone(settled: bool, level: Option<&str>) -> Tone {
    if settled {
        Tone::Good
    } else {
        level.map_or(Tone::Plain, judge::severity)
    }
}

/// How many weaknesses a scan found, by severity.
pub(super) fn scan(event: &Value, detail: &Value) -> Option<Report> {
    let name = text(detail, "repository-name")
        .and_then(|name| gist::last(&name))
        .or_else(|| gist::last(list(event, "resources").first()?.as_str()?))?;
    let tag = list(detail, "image-tags").first().and_then(Value::as_str);
    let subject = tag.map_or_else(|| name.clone(), |tag| format!("{name}:{tag}"));
    let status = text(detail, "scan-status").unwrap_or_default();
    let counts = detail.get("finding-severity-counts");
    let of = |level: &str| {
        counts
            .and_then(|counts| counts.get(level)?.as_u64())
            .filter(|count| *count > 0)
    };
    let levels = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"];
    let found: Vec<_> = levels
        .iter()
        .filter_map(|level| Some(format!("{} {}", of(level)?, level.to_lowercase())))
        .collect();
    let worst = of("CRITICAL").or_else(|| of("HIGH")).is_some();
    let turn = if status.contains("FAIL") || status.contains("UNSUPPORTED") || status.contains("INACTIVE") {
        Turn::NotScanned
    } else if !found.is_empty() {
        Turn::Vulnerable
    } else {
        Turn::Scanned
    };
    Some(Report {
        tone: match turn {
            Turn::Vulnerable if of("CRITICAL").is_some() => Tone::Bad(Severity::Error),
            Turn::Vulnerable if !worst && of("MEDIUM").is_none() => Tone::Plain,
            Turn::Scanned => Tone::Good,
            turn => turn.tone(),
        },
        summary: Some(found.join(", ")).filter(|found| !found.is_empty()),
        facts: facts([
            (
                Fact::State,
                Some(status.clone()).filter(|_| turn == Turn::NotScanned),
            ),
            (Fact::Digest, text(detail, "image-digest")),
        ]),
        page: repository(detail),
        ..Report::new(
            News::Changed {
                thing: Thing::ScannedImage,
                turn,
                raw: status,
                of: None,
            },
            subject,
        )
    })
}

/// <https://docs.aws.amazon.com/macie/latest/user/findings-publish-event-schemas.html>
pub(super) fn macie(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    let (title, level, resource) = match detail_type {
        "Macie Finding" => {
            let bucket = at(detail, "resourcesAffected.s3Bucket.name");
            let key = at(detail, "resourcesAffected.s3Object.key");
            let resource =
                bucket.map(|bucket| key.map_or_else(|| bucket.clone(), |key| format!("{bucket}/{key}")));
            (
                text(detail, "title")?,
                at(detail, "severity.description"),
                resource,
            )
        }
        // Macie Classic, which AWS has ended; the format lives on in tests and replays.
        "Macie Alert" => {
            let score: Option<u32> = at(detail, "risk-score").and_then(|score| score.parse().ok());
            let level = score.map(|score| match score {
                70.. => "High",
                40.. => "Medium",
                _ => "Low",
            });
            (text(detail, "name")?, level.map(str::to_owned), None)
        }
        _ => return None,
    };
    let settled = detail.get("archived") == Some(&Value::Bool(true));
    Some(Report {
        tone: finding_tone(settled, level.as_deref()),
        summary: text(detail, "description")
            .or_else(|| at(detail, "trigger.description"))
            .filter(|said| *said != title),
        facts: facts([
            (Fact::Resource, resource),
            (Fact::Severity, level),
            (
                Fact::Kind,
                text(detail, "type").or_else(|| text(detail, "notification-type")),
            ),
            (Fact::Count, at(detail, "count")),
        ]),
        moments: facts([(Fact::FirstSeen, moment(detail, "createdAt"))]),
        page: text(detail, "id").and_then(|id| {
            page(
                "macie/home",
                format!(
                    "findings?search=id%3D{}&macros=current&itemId={}",
                    encode(&id),
                    encode(&id)
                ),
            )
        }),
        ..Report::new(News::Finding { settled }, title)
    })
}

/// Findings of Access Analyzer, of access from outside and of access that is not used.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-eventbridge.html>
pub(super) fn access(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if !matches!(
        detail_type,
        "Access Analyzer Finding" | "Unused Access Finding for IAM entities" | "Internal Access Finding"
    ) {
        return None;
    }
    let resource = text(detail, "resource")?;
    let public = detail.get("isPublic") == Some(&Value::Bool(true));
    let status = text(detail, "status").unwrap_or_default();
    let gone = detail.get("isDeleted") == Some(&Value::Bool(true));
    let settled = gone || matches!(status.as_str(), "RESOLVED" | "ARCHIVED");
    let error = text(detail, "error");
    let unused = detail_type.starts_with("Unused");
    let turn = if settled {
        Turn::Resolved
    } else if error.is_some() {
        Turn::NotScanned
    } else if unused {
        Turn::Unused
    } else if public {
        Turn::Public
    } else {
        Turn::Accessible
    };
    let principal = detail.get("principal").and_then(Value::as_object);
    let principal = principal
        .and_then(|who| who.iter().next())
        .and_then(|(kind, who)| Some(format!("{kind}: {}", who.as_str()?)));
    let actions: Vec<_> = list(detail, "action").iter().filter_map(Value::as_str).collect();
    Some(Report {
        tone: tone(turn, None),
        summary: error,
        facts: facts([
            (
                Fact::Kind,
                text(detail, "resourceType").or_else(|| text(detail, "findingType")),
            ),
            (Fact::Target, principal),
            (
                Fact::Action,
                Some(actions.join("\n")).filter(|actions| !actions.is_empty()),
            ),
            (
                Fact::State,
                Some(status.clone()).filter(|status| status != "ACTIVE"),
            ),
        ]),
        page: text(detail, "id").and_then(|id| {
            page(
                "access-analyzer/home",
                format!("/findings/details/{}", encode(&id)),
            )
        }),
        ..Report::new(
            News::Changed {
                thing: Thing::Resource,
                turn,
                raw: status,
                of: None,
            },
            gist::last(&resource).unwrap_or(resource),
        )
    })
}
