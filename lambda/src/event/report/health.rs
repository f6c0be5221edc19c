//! AWS Health.

use super::{Fact, News, Page, Report, Thing, Tone, Turn, facts, moment};
use crate::contract::{Severity, encode};
use crate::event::{list, text};
use serde_json::Value;

/// <https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html>
pub(super) fn health(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if !matches!(detail_type, "AWS Health Event" | "AWS Health Abuse Event") {
        return None;
    }
    let code = text(detail, "eventTypeCode")?;
    let category = text(detail, "eventTypeCategory").unwrap_or_default();
    let status = text(detail, "statusCode");
    let closed = status.as_deref() == Some("closed");
    let descriptions = list(detail, "eventDescription");
    let entities = list(detail, "affectedEntities").iter();
    let entities: Vec<_> = entities
        .filter_map(|entity| text(entity, "entityValue"))
        .collect();
    let described = descriptions
        .iter()
        .find(|one| text(one, "language").is_some_and(|language| language.starts_with("en")))
        .or(descriptions.first())
        .and_then(|description| text(description, "latestDescription"));
    // Health escapes line breaks once more than JSON does.
    let described = described.map(|text| text.replace("\\r", "").replace("\\n", "\n"));
    let service = text(detail, "service").unwrap_or_default();
    let page = text(detail, "eventArn").map(Page::Health);
    // Somebody complains about this account: nothing that AWS has to mend.
    let category = if service == "ABUSE" {
        "abuse".to_owned()
    } else {
        category
    };
    if code == "AWS_RISK_CREDENTIALS_EXPOSED" {
        return Some(exposed(detail, &entities, described));
    }
    Some(Report {
        tone: match category.as_str() {
            _ if closed => Tone::Good,
            "issue" | "abuse" => Tone::Bad(Severity::Error),
            "scheduledChange" => Tone::Bad(Severity::Warning),
            _ => Tone::Plain,
        },
        summary: described,
        facts: facts([
            (
                Fact::Resource,
                Some(entities.join("\n")).filter(|lines| !lines.is_empty()),
            ),
            (Fact::State, status),
            (Fact::Kind, Some(code.clone())),
        ]),
        moments: facts([
            (Fact::Starts, moment(detail, "startTime")),
            (Fact::Ends, moment(detail, "endTime")),
        ]),
        page,
        ..Report::new(
            News::Health {
                category,
                closed,
                service: service.clone(),
            },
            readable(&code, &service),
        )
    })
}

/// A key of this account is public: nothing that AWS has to mend.
fn exposed(detail: &Value, entities: &[String], described: Option<String>) -> Report {
    let is_key = |entity: &&String| entity.starts_with("AKIA") || entity.starts_with("ASIA");
    let key = entities.iter().find(is_key).cloned();
    let user = entities.iter().find(|entity| !is_key(entity)).cloned();
    let metadata = detail.get("eventMetadata");
    let metadata = |keys: [&str; 2]| keys.iter().find_map(|key| text(metadata?, key));
    let subject = key.or_else(|| metadata(["publicKey", "accessKeyId"]));
    let user = user.or_else(|| metadata(["userName", "username"]));
    let place = metadata(["exposedLocation", "location"]);
    Report {
        tone: Tone::Bad(Severity::Critical),
        summary: described,
        facts: facts([(Fact::Place, place)]),
        // The page of the event is not the one that helps: the key has to be made inactive.
        page: user
            .as_deref()
            .map(|user| Page::Console {
                path: "iam/home".to_owned(),
                fragment: format!("/users/details/{}?section=security_credentials", encode(user)),
            })
            .or_else(|| text(detail, "eventArn").map(Page::Health)),
        ..Report::new(
            News::Changed {
                thing: Thing::AccessKey,
                turn: Turn::Exposed,
                raw: String::new(),
                of: user.map(|user| (Thing::User, user)),
            },
            subject.unwrap_or_else(|| "?".to_owned()),
        )
    }
}

/// `AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED` of EC2 is "persistent instance retirement".
fn readable(code: &str, service: &str) -> String {
    let rest = code.strip_prefix("AWS_").unwrap_or(code);
    let service = service.replace('-', "_");
    let rest = rest
        .strip_prefix(&service)
        .unwrap_or(rest)
        .trim_start_matches('_');
    let rest = rest.strip_suffix("_SCHEDULED").unwrap_or(rest);
    if rest.is_empty() {
        return code.to_owned();
    }
    rest.to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_as_words() {
        for (code, service, expected) in [
            (
                "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED",
                "EC2",
                "persistent instance retirement",
            ),
            ("AWS_RDS_OPERATIONAL_ISSUE", "RDS", "operational issue"),
            ("AWS_ABUSE_DOS_REPORT", "ABUSE", "dos report"),
            ("AWS_EC2", "EC2", "AWS_EC2"),
            ("X", "", "x"),
        ] {
            assert_eq!(readable(code, service), expected);
        }
    }
}
