//! Services by the names people know, and the calls they have.

use serde_json::{Value, json};

use super::super::model::{Calls, Except};
use super::except::is_like;

/// The event names that CloudTrail knows, by service: lines of names below the service's own.
/// `scripts/event-names.py` writes it.
const CALLS: &str = include_str!("calls.txt");

/// The services that CloudTrail and EventBridge know, a name a line. Those with calls are in the other list.
const SERVICES: &str = include_str!("services.txt");

/// Names that differ from what CloudTrail calls the service: `monitoring` in `monitoring.amazonaws.com`
/// and `aws.monitoring`.
const ALIASES: [(&str, &str); 53] = [
    ("accessanalyzer", "access-analyzer"),
    ("alb", "elasticloadbalancing"),
    ("amp", "aps"),
    ("apigatewayv2", "apigateway"),
    ("beanstalk", "elasticbeanstalk"),
    ("cloudmap", "servicediscovery"),
    ("cloudwatch", "monitoring"),
    ("cloudwatchlogs", "logs"),
    ("cognito", "cognito-idp"),
    ("console", "signin"),
    ("cost-explorer", "ce"),
    ("docdb", "rds"),
    ("documentdb", "rds"),
    ("ebs", "ec2"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("email", "ses"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("fargate", "ecs"),
    ("flink", "kinesisanalytics"),
    ("guard-duty", "guardduty"),
    ("identity-center", "sso"),
    ("inspector", "inspector2"),
    ("keyspaces", "cassandra"),
    ("macie", "macie2"),
    ("mq", "amazonmq"),
    ("msk", "kafka"),
    ("mwaa", "airflow"),
    ("neptune", "rds"),
    ("nlb", "elasticloadbalancing"),
    ("opensearch", "es"),
    ("opensearchserverless", "aoss"),
    ("parameterstore", "ssm"),
    ("pinpoint", "mobiletargeting"),
    ("private-ca", "acm-pca"),
    ("prometheus", "aps"),
    ("quicksuite", "quicksight"),
    ("rds-data", "rdsdata"),
    ("resource-explorer", "resource-explorer-2"),
    ("secrets-manager", "secretsmanager"),
    ("security-hub", "securityhub"),
    ("service-quotas", "servicequotas"),
    ("sesv2", "ses"),
    ("sfn", "states"),
    ("step-functions", "states"),
    ("stepfunctions", "states"),
    ("systems-manager", "ssm"),
    ("transit-gateway", "ec2"),
    ("trusted-advisor", "trustedadvisor"),
    ("vpc", "ec2"),
    ("waf-v2", "wafv2"),
];

/// Services that AWS's pages and CloudTrail's records call differently, or that had another name in their first
/// version: both names are matched.
const ALSO: [(&str, &str); 5] = [
    ("application-autoscaling", "autoscaling"),
    ("inspector2", "inspector"),
    ("macie2", "macie"),
    ("mobiletargeting", "pinpoint"),
    ("rdsdata", "rdsdataapi"),
];

/// What runs all day in the services whose `all` would tell of it, too: the calls that make the flood, and all that
/// an exception should name.
const FLOODS: [(&str, &[&str], &[&str]); 3] = [
    (
        "kms",
        &["Decrypt", "GenerateDataKey"],
        &[
            "CreateGrant",
            "Decrypt",
            "Encrypt",
            "GenerateDataKey*",
            "ReEncrypt*",
            "RetireGrant",
        ],
    ),
    (
        "logs",
        &["CreateLogStream"],
        &["CreateLogStream", "FilterLogEvents", "StartQuery"],
    ),
    ("sts", &["AssumeRole"], &["AssumeRole*"]),
];

/// What stands before `.amazonaws.com` in CloudTrail's events and after `aws.` in EventBridge's.
pub fn source(service: &str) -> &str {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == service)
        .map_or(service, |(_, source)| source)
}

/// The same with the second name that some have.
pub(super) fn sources(service: &str) -> Vec<&str> {
    let source = source(service);
    let also = ALSO.iter().filter(|(name, _)| *name == source);
    [source].into_iter().chain(also.map(|(_, also)| *also)).collect()
}

/// Whether CloudTrail or EventBridge is known to have events of a service.
pub fn is_known(service: &str) -> bool {
    known_services().any(|known| known == service)
}

/// The calls with which `all` of a service floods a channel unless they are excepted, and what to except.
pub fn flood(service: &str, except: &Except) -> Option<(Vec<&'static str>, &'static [&'static str])> {
    let source = source(service);
    let (_, flooding, all) = FLOODS.iter().find(|(name, ..)| *name == source)?;
    let is_left = |name: &&&str| !except.event_name.iter().any(|excepted| is_like(name, excepted));
    let left: Vec<_> = flooding.iter().filter(is_left).copied().collect();
    (!left.is_empty()).then_some((left, *all))
}

/// The event names known of a service, as in `aws.<service>`. `None` if the service is not in the list.
pub fn known_calls(service: &str) -> Option<Vec<&'static str>> {
    let source = source(service);
    let mut lines = CALLS.lines().skip_while(|line| *line != source);
    lines.next()?;
    Some(
        lines
            .take_while(|line| line.starts_with(' '))
            .flat_map(str::split_whitespace)
            .collect(),
    )
}

/// The services known, as in `aws.<service>`, and the other names they go by.
pub fn known_services() -> impl Iterator<Item = &'static str> {
    let with_calls = CALLS.lines().filter(|line| !line.starts_with([' ', '#']));
    let others = SERVICES.lines().filter(|line| !line.starts_with('#'));
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    with_calls.chain(others).chain(aliases)
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
