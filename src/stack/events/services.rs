//! Services by the names people know, and the calls they have.

use serde_json::{Value, json};

use super::super::model::{Calls, Except};
use super::except::is_like;

/// The event names that CloudTrail knows, by service: lines of names below the service's own.
/// `scripts/event-names.py` writes it.
const CALLS: &str = include_str!("calls.txt");

/// Names that differ from what CloudTrail calls the service: `monitoring` in `monitoring.amazonaws.com`
/// and `aws.monitoring`.
const ALIASES: [(&str, &str); 24] = [
    ("alb", "elasticloadbalancing"),
    ("apigatewayv2", "apigateway"),
    ("cloudwatch", "monitoring"),
    ("cognito", "cognito-idp"),
    ("console", "signin"),
    ("documentdb", "rds"),
    ("docdb", "rds"),
    ("ebs", "ec2"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identity-center", "sso"),
    ("msk", "kafka"),
    ("neptune", "rds"),
    ("nlb", "elasticloadbalancing"),
    ("opensearch", "es"),
    ("parameterstore", "ssm"),
    ("sfn", "states"),
    ("stepfunctions", "states"),
    ("step-functions", "states"),
    ("vpc", "ec2"),
    ("cloudwatchlogs", "logs"),
];

/// What stands before `.amazonaws.com` in CloudTrail's events and after `aws.` in EventBridge's.
pub fn source(service: &str) -> &str {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == service)
        .map_or(service, |(_, source)| source)
}

/// The event names known of a service, as in `aws.<service>`. `None` if the service is not in the list.
pub fn known_calls(service: &str) -> Option<Vec<&'static str>> {
    let mut lines = CALLS.lines().skip_while(|line| *line != source(service));
    lines.next()?;
    Some(
        lines
            .take_while(|line| line.starts_with(' '))
            .flat_map(str::split_whitespace)
            .collect(),
    )
}

/// The services in the list, as in `aws.<service>`, and the other names they go by.
pub fn known_services() -> impl Iterator<Item = &'static str> {
    let listed = CALLS.lines().filter(|line| !line.starts_with([' ', '#']));
    listed.chain(ALIASES.iter().map(|(alias, _)| *alias))
}

/// The condition on `detail.eventName` for calls of these names. The events of most of Lambda's calls end
/// in the date of their API: `CreateFunction20150331`, `UpdateFunctionCode20150331v2`.
pub(super) fn event_names(service: &str, names: &[String]) -> Value {
    if source(service) != "lambda" {
        return json!(names);
    }
    let dated = names
        .iter()
        .filter(|name| !name.ends_with(|last: char| last.is_ascii_digit()))
        .map(|name| json!({ "prefix": format!("{name}20") }));
    names.iter().map(|name| json!(name)).chain(dated).collect()
}

/// A rule's calls of a service without those excepted by name, and the exceptions that are left.
pub(super) fn without(service: &str, calls: &Calls, except: &Except) -> (Calls, Except) {
    let mut except = except.clone();
    match calls {
        Calls::Only(names) => {
            let excepted = std::mem::take(&mut except.event_name);
            let is_left = |name: &&String| !excepted.iter().any(|excepted| is_like(name, excepted));
            (
                Calls::Only(names.iter().filter(is_left).cloned().collect()),
                except,
            )
        }
        Calls::All => {
            if source(service) == "lambda" {
                let dated: Vec<_> = except
                    .event_name
                    .iter()
                    .map(|name| format!("{name}20*"))
                    .collect();
                except.event_name.extend(dated);
            }
            (Calls::All, except)
        }
    }
}
